// What names a store: an address, or the places where one is looked for.

import { host } from "./host.ts";

/** A place where a store may be. */
export interface Address {
  /** A Unix socket, the XenBus device, or a store of this process. */
  readonly kind: "unix" | "xenbus" | "embedded";
  /** The socket's or device's path; an embedded store's name, empty for a fresh one. */
  readonly path: string;
}

const SOCKET = "/var/run/xenstored/socket";
const DEVICES: Readonly<Record<string, readonly string[]>> = {
  linux: ["/dev/xen/xenbus", "/proc/xen/xenbus"],
  freebsd: ["/dev/xen/xenstore"],
  netbsd: ["/kern/xen/xenbus"],
};
const OTHER_DEVICES = ["/dev/xen/xenbus"];

/**
 * Reads `unix:/path`, `xenbus:/path`, `embedded:` or `embedded:NAME`. Throws a `TypeError` where it is none of them.
 */
export function parseAddress(text: string): Address {
  const [, kind, path] = /^(unix|xenbus|embedded):(.*)$/s.exec(text) ?? [];
  if (kind === undefined || path === undefined || (kind !== "embedded" && path === "")) {
    throw new TypeError(
      `invalid address ${JSON.stringify(text)}: expected "unix:/path", "xenbus:/path" or "embedded:"`,
    );
  }
  return { kind: kind as Address["kind"], path };
}

/** An address as it is written. */
export function formatAddress({ kind, path }: Address): string {
  return `${kind}:${path}`;
}

/**
 * Where a store may be on this machine, in the order to try, as libxenstore has it: what `XENSTORED_PATH` names, a
 * socket or a device; else `XENSTORED_RUNDIR`'s socket or the usual one, then the device of the platform.
 */
export function defaultAddresses(): Address[] {
  const named = environment("XENSTORED_PATH");
  if (named !== undefined) return [{ kind: mayBeDevice(named) ? "xenbus" : "unix", path: named }];
  const directory = environment("XENSTORED_RUNDIR");
  const socket: Address = { kind: "unix", path: directory === undefined ? SOCKET : `${directory}/socket` };
  return [socket, ...deviceCandidates().map((path): Address => ({ kind: "xenbus", path }))];
}

/** The paths that the XenBus device may have on this platform, in the order to try. */
export function deviceCandidates(): readonly string[] {
  return DEVICES[host().platform] ?? OTHER_DEVICES;
}

/** Whether `XENSTORED_PATH` names the only address of {@linkcode defaultAddresses}. */
export function isNamed(): boolean {
  return environment("XENSTORED_PATH") !== undefined;
}

/** Whether the environment may be read, which Deno denies without a flag. */
export function mayReadEnvironment(): boolean {
  try {
    return host().variable("XENSTORED_PATH") !== null;
  } catch {
    return false;
  }
}

/** A variable of the environment; an empty one, and one that Deno may not read, count as not set. */
function environment(name: string): string | undefined {
  return mayReadEnvironment() ? host().variable(name) || undefined : undefined;
}

/** Whether a path is there and is no socket. */
function mayBeDevice(path: string): boolean {
  try {
    return !host().isSocket(path);
  } catch {
    // Deno tells nothing without permission; opening it as a socket then says which one is missing.
    return false;
  }
}
