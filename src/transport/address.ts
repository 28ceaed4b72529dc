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
const ADDRESS = /^(unix|xenbus|embedded):(.*)$/s;

/**
 * Parses `unix:/path`, `xenbus:/path`, `embedded:` or `embedded:NAME`. Throws a `TypeError` if the text is none of
 * these.
 */
export function parseAddress(text: string): Address {
  const [, kind, path] = ADDRESS.exec(text) ?? [];
  if (kind === undefined || path === undefined || (kind !== "embedded" && path === "")) {
    throw new TypeError(
      `invalid address ${JSON.stringify(text)}: expected "unix:/path", "xenbus:/path" or "embedded:"`,
    );
  }
  return { kind: kind as Address["kind"], path };
}

/**
 * Parses the name of a backend in libguestfs's form `NAME[:ARG]`: an address, `appliance` for a new embedded store, or
 * `live` for a search, which is `null`. Throws a `TypeError` if the text has another form. `source` says what named it.
 */
export function parseBackend(text: string, source: string): Address | null {
  if (text === "live") return null;
  if (text === "appliance" || text === "embedded") return { kind: "embedded", path: "" };
  const [, kind, path] = ADDRESS.exec(text) ?? [];
  if (kind === undefined || path === undefined || (kind !== "embedded" && path === "")) {
    const forms = '"unix:PATH", "xenbus:PATH", "embedded:", "embedded:NAME", "appliance" or "live"';
    throw new TypeError(`${source}: invalid backend ${JSON.stringify(text)}: expected ${forms}`);
  }
  return { kind: kind as Address["kind"], path };
}

/** A backend that the environment names. */
export interface NamedBackend {
  /** The name of the variable. */
  readonly variable: string;
  /** Its value. */
  readonly text: string;
  /** The address, or `null` for a search. */
  readonly address: Address | null;
}

/**
 * Returns the backend that `TSXS_BACKEND` names, or the older `TSXS_ATTACH_METHOD`; `undefined` if neither is set.
 * Throws a `TypeError` if the backend is invalid.
 */
export function environmentBackend(): NamedBackend | undefined {
  for (const variable of ["TSXS_BACKEND", "TSXS_ATTACH_METHOD"]) {
    const text = grantedVariable(variable);
    if (text !== undefined) return { variable, text, address: parseBackend(text, variable) };
  }
  return undefined;
}

/** Returns a variable of the environment that may be read without a question to the user; an empty one is not set. */
export function grantedVariable(name: string): string | undefined {
  const machine = host();
  return machine.isGranted(name) ? machine.variable(name) || undefined : undefined;
}

/** Returns an address as text. */
export function formatAddress({ kind, path }: Address): string {
  return `${kind}:${path}`;
}

/**
 * Returns the addresses to try on this machine, in the order of libxenstore: the socket or device that `XENSTORED_PATH`
 * names; otherwise the backend of the environment; otherwise the socket in `XENSTORED_RUNDIR` or the usual socket, then
 * the device of the platform. Throws a `TypeError` if the backend of the environment is invalid.
 */
export function defaultAddresses(): Address[] {
  const named = environment("XENSTORED_PATH");
  if (named !== undefined) return [{ kind: mayBeDevice(named) ? "xenbus" : "unix", path: named }];
  const backend = environmentBackend()?.address ?? null;
  if (backend !== null) return [backend];
  const directory = environment("XENSTORED_RUNDIR");
  const socket: Address = { kind: "unix", path: directory === undefined ? SOCKET : `${directory}/socket` };
  return [socket, ...deviceCandidates().map((path): Address => ({ kind: "xenbus", path }))];
}

/** Returns the paths that the XenBus device may have on this platform, in the order to try. */
export function deviceCandidates(): readonly string[] {
  return DEVICES[host().platform] ?? OTHER_DEVICES;
}

/** Returns the variable that names the only address of {@linkcode defaultAddresses}; `null` if none does. */
export function namedBy(): string | null {
  if (environment("XENSTORED_PATH") !== undefined) return "XENSTORED_PATH";
  const backend = environmentBackend();
  return backend === undefined || backend.address === null ? null : backend.variable;
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
