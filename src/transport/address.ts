// The addresses of stores: their text, and the addresses that a search tries.

import { host } from "./host.ts";

/** The address of a store. */
export interface Address {
  /** A Unix socket, the XenBus device, or a store of this process. */
  readonly kind: "unix" | "xenbus" | "embedded";
  /** The path of the socket or the device; the name of an embedded store, empty for a new one. */
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
 * Parses `unix:/path`, `xenbus:/path`, `embedded:` or `embedded:NAME`. Throws a `TypeError` if the text is none of
 * these.
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

/** Returns an address as text. */
export function formatAddress({ kind, path }: Address): string {
  return `${kind}:${path}`;
}

/**
 * Returns the addresses to try on this machine, in the order of libxenstore: the socket or device that `XENSTORED_PATH`
 * names; otherwise the socket in `XENSTORED_RUNDIR` or the usual socket, then the device of the platform.
 */
export function defaultAddresses(): Address[] {
  const named = environment("XENSTORED_PATH");
  if (named !== undefined) return [{ kind: mayBeDevice(named) ? "xenbus" : "unix", path: named }];
  const directory = environment("XENSTORED_RUNDIR");
  const socket: Address = { kind: "unix", path: directory === undefined ? SOCKET : `${directory}/socket` };
  return [socket, ...deviceCandidates().map((path): Address => ({ kind: "xenbus", path }))];
}

/** Returns the paths that the XenBus device may have on this platform, in the order to try. */
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
    // Deno denies the look without a permission. Opening the path as a socket then names the missing permission.
    return false;
  }
}
