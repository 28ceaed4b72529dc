// The location of a pool: a directory of this host, the target of links, or a directory of another host.

import { isIPv6 } from "node:net";

/** A location of states. Every path is absolute. */
export type Location =
  | { readonly type: "local"; readonly path: string }
  | { readonly type: "link"; readonly path: string }
  | {
    readonly type: "ssh";
    /** The user to log in as. `null` leaves the choice to the configuration of SSH. */
    readonly user: string | null;
    /** The name or the address of the host. An IPv6 address has no brackets. */
    readonly host: string;
    /** The port. `null` leaves the choice to the configuration of SSH. */
    readonly port: number | null;
    readonly path: string;
  };

const ssh = /^ssh:\/\/(?:([^@/]*)@)?(\[([^\]/]*)\]|[^:/@[\]]*)(?::([^/]*))?(\/.*)?$/s;
const LINK = "link+";
const PORT_MAX = 65535;
// The program ssh would take a leading hyphen for an option.
const userPattern = /^[A-Za-z0-9_.][A-Za-z0-9_.-]*$/;
// A full domain name may end with a dot.
const hostPattern = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?$/;
/** An address, and the zone that a link-local one needs. */
const zonedPattern = /^([^%]*)(?:%[A-Za-z0-9_.-]+)?$/;

/**
 * Parses a location.
 *
 * @param text A path such as `/var/lib/tsxs/pool`; `link+/path` for links to the files of a directory; or
 *   `ssh://user@host:port/path` for a directory of another host. User and port may be left out. An IPv6 address has
 *   brackets. The path has no escapes.
 * @returns The location. Its path has no repeated slashes, no component `.`, and no slash at its end.
 * @throws {RangeError} If the text is no location. The message does not contain a password of the text.
 * @example
 * ```ts
 * import { parseLocation } from "tsxs/pools";
 *
 * console.log(parseLocation("ssh://backup@[2001:db8::7]:2222/srv/pool"));
 * // { type: "ssh", user: "backup", host: "2001:db8::7", port: 2222, path: "/srv/pool" }
 * ```
 */
export function parseLocation(text: string): Location {
  const refuse = (fault: string): never => {
    throw new RangeError(`the location ${JSON.stringify(withoutPassword(text))} is invalid: ${fault}`);
  };
  const checkedPath = (path: string): string => {
    const fault = pathFault(path);
    return fault === null ? normalPath(path) : refuse(fault);
  };
  if (text.startsWith("/")) return { type: "local", path: checkedPath(text) };
  if (text.startsWith(LINK)) return { type: "link", path: checkedPath(text.slice(LINK.length)) };
  const match = ssh.exec(text);
  if (match === null) return refuse("expected /PATH, link+/PATH or ssh://[USER@]HOST[:PORT]/PATH");
  const [, user, name = "", address, port, path = ""] = match;
  if (user?.includes(":")) refuse("a location has no password: SSH logs in with a key");
  if (user !== undefined && !userPattern.test(user)) refuse(`the user is ${JSON.stringify(user)}`);
  if (address === undefined && !hostPattern.test(name)) refuse(`the host is ${JSON.stringify(name)}`);
  if (address !== undefined && !isIPv6(zonedPattern.exec(address)?.[1] ?? "")) {
    refuse(`${JSON.stringify(withoutPassword(address))} is not an IPv6 address`);
  }
  if (port !== undefined && !isPort(port)) refuse(`the port is not a number from 1 to ${PORT_MAX}`);
  return {
    type: "ssh",
    user: user ?? null,
    host: address ?? name,
    port: port === undefined ? null : Number(port),
    path: checkedPath(path),
  };
}

/**
 * Returns the text of a location.
 *
 * @param location The location.
 * @returns What {@linkcode parseLocation} accepts.
 */
export function formatLocation(location: Location): string {
  if (location.type === "local") return location.path;
  if (location.type === "link") return `${LINK}${location.path}`;
  const { user, host, port, path } = location;
  const name = host.includes(":") ? `[${host}]` : host;
  return `ssh://${user === null ? "" : `${user}@`}${name}${port === null ? "" : `:${port}`}${path}`;
}

/**
 * Returns the text of a location, valid or not, as a message may quote it. A colon after the beginning of the authority
 * and an `@` after the colon may enclose a password, also if the password contains slashes.
 */
export function withoutPassword(text: string): string {
  if (text.startsWith("/") || text.startsWith(`${LINK}/`)) return text;
  const scheme = /^[^/]*:\/\//.exec(text)?.[0] ?? "";
  return scheme + text.slice(scheme.length).replace(/:.*@/s, ":***@");
}

function normalPath(path: string): string {
  return `/${path.split("/").filter((name) => name !== "" && name !== ".").join("/")}`;
}

function isPort(text: string): boolean {
  return /^[1-9][0-9]{0,4}$/.test(text) && Number(text) <= PORT_MAX;
}

function pathFault(path: string): string | null {
  if (!path.startsWith("/")) return "the path is not absolute";
  const control = /\p{Cc}/u.exec(path)?.[0];
  if (control !== undefined) return `the path contains ${JSON.stringify(control)}`;
  if (!path.isWellFormed()) return "the path contains half a surrogate pair";
  return path.split("/").includes("..") ? "the path contains .." : null;
}
