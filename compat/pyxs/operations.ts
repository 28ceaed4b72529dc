// The operations of pyxs's client that need only a way to send requests.

import { listDirectory } from "../../src/blocking/directory.ts";
import { NODE_ERRORS } from "../../src/wire/errno.ts";
import { childPath } from "../../src/wire/path.ts";
import { splitStrings, toLatin1, withoutNul } from "../../src/wire/text.ts";
import { decodeValue, encodeValue, pythonError } from "../python.ts";
import { error, InvalidPath, PyXSError } from "./exceptions.ts";
import { type Bytes, check_path, check_perms } from "./helpers.ts";
import { Op } from "./packet.ts";

/** A node of `walk()`. */
export type WalkEntry = readonly [path: string, value: string, children: readonly string[]];

/** The operations of {@linkcode Client} except for transactions. */
export abstract class Operations {
  /**
   * Sends a request, and returns the payload of the reply.
   *
   * @param op The operation.
   * @param parts The parts of the payload.
   * @returns The payload of the reply.
   * @throws {PyXSError} If the store refuses.
   * @throws {ConnectionError} If the connection is over.
   */
  abstract execute_command(op: number, ...parts: readonly Bytes[]): Uint8Array;

  /**
   * Sends a request whose reply must be OK.
   *
   * @param op The operation.
   * @param parts The parts of the payload.
   * @throws {PyXSError} If the store refuses.
   */
  ack(op: number, ...parts: readonly Bytes[]): void {
    const answer = toLatin1(withoutNul(this.execute_command(op, ...parts)));
    if (answer !== "OK") throw new PyXSError(answer);
  }

  /**
   * Reads the value of a node.
   *
   * @param path The node, as text or bytes.
   * @param default_ The result if the node does not exist.
   * @returns The value.
   * @throws {PyXSError} If the store refuses.
   */
  read(path: Bytes, default_: string | null = null): string {
    const value = this.read_bytes(path, default_ === null ? null : encodeValue(default_));
    return decodeValue(value);
  }

  /**
   * Reads the value of a node as bytes.
   *
   * @param path The node, as text or bytes.
   * @param default_ The result if the node does not exist.
   * @returns The value.
   * @throws {PyXSError} If the store refuses.
   */
  read_bytes(path: Bytes, default_: Uint8Array | null = null): Uint8Array {
    const checked = check_path(path);
    try {
      return this.execute_command(Op.READ, `${checked}\0`);
    } catch (thrown) {
      if (default_ !== null && isErrno(thrown, "ENOENT")) return default_;
      throw thrown;
    }
  }

  /**
   * Writes the value of a node, and makes the node and its missing parents.
   *
   * @param path The node, as text or bytes.
   * @param value The value, of any bytes.
   * @throws {PyXSError} If the store refuses.
   */
  write(path: Bytes, value: Bytes): void {
    this.ack(Op.WRITE, `${check_path(path)}\0`, encodeValue(value));
  }

  /**
   * Makes a node and its missing parents.
   *
   * @param path The node, as text or bytes.
   * @throws {PyXSError} If the store refuses.
   */
  mkdir(path: Bytes): void {
    this.ack(Op.MKDIR, `${check_path(path)}\0`);
  }

  /**
   * Removes a node and everything below it. The node need not exist if its parent exists.
   *
   * @param path The node, as text or bytes.
   * @throws {PyXSError} If the store refuses.
   */
  delete(path: Bytes): void {
    this.ack(Op.RM, `${check_path(path)}\0`);
  }

  /**
   * Reads a value: `c[path]`.
   *
   * @param path The node, as text or bytes.
   * @returns The value.
   */
  __getitem__(path: Bytes): string {
    return this.read(path);
  }

  /**
   * Writes a value: `c[path] = value`.
   *
   * @param path The node, as text or bytes.
   * @param value The value.
   */
  __setitem__(path: Bytes, value: Bytes): void {
    this.write(path, value);
  }

  /**
   * Removes a node: `del c[path]`.
   *
   * @param path The node, as text or bytes.
   */
  __delitem__(path: Bytes): void {
    this.delete(path);
  }

  /**
   * Lists the names of the children of a node, of any number.
   *
   * @param path The node, as text or bytes.
   * @returns The names.
   * @throws {PyXSError} If the store refuses.
   */
  list(path: Bytes): string[] {
    const checked = check_path(path);
    const names = listDirectory((operation, parts) => {
      try {
        return this.execute_command(operation, ...parts.map((part) => typeof part === "string" ? `${part}\0` : part));
      } catch (thrown) {
        if (isErrno(thrown, "E2BIG")) return "E2BIG";
        if (isErrno(thrown, "ENOSYS")) return "ENOSYS";
        throw thrown;
      }
    }, checked);
    if (typeof names === "string") throw error(names);
    return names;
  }

  /**
   * Tells whether a node exists.
   *
   * @param path The node, as text or bytes.
   * @returns Whether the node exists.
   * @throws {PyXSError} If the store refuses.
   */
  exists(path: Bytes): boolean {
    try {
      this.list(path);
      return true;
    } catch (thrown) {
      if (isErrno(thrown, "ENOENT")) return false;
      throw thrown;
    }
  }

  /**
   * Reads the permissions of a node, with that of the owner first: `"n0"`, `"r5"`.
   *
   * @param path The node, as text or bytes.
   * @returns The permissions.
   * @throws {PyXSError} If the store refuses.
   */
  get_perms(path: Bytes): string[] {
    return splitStrings(this.execute_command(Op.GET_PERMS, `${check_path(path)}\0`));
  }

  /**
   * Sets the permissions of a node.
   *
   * @param path The node, as text or bytes.
   * @param perms The permissions.
   * @throws {InvalidPermission} If a permission is invalid.
   * @throws {PyXSError} If the store refuses.
   */
  set_perms(path: Bytes, perms: readonly Bytes[]): void {
    const checked = check_path(path);
    this.ack(Op.SET_PERMS, `${checked}\0`, ...check_perms(perms).map((perm) => `${perm}\0`));
  }

  /**
   * Visits a node and everything below it.
   *
   * No node ends the walk, except for the top. A node that vanishes before it is listed is left out. A node that may
   * not be listed has no children, and a value that may not be read is empty.
   *
   * @param top The node to start from.
   * @param topdown Whether parents come before their children, or after them.
   * @returns A generator of path, value and children.
   * @throws {PyXSError} If the store does not list the top, or fails for a reason that is not the node's.
   */
  *walk(top: Bytes, topdown = true): Generator<WalkEntry, void, undefined> {
    const path = check_path(top);
    // A stack, not recursion: the depth of a tree is up to whoever wrote it.
    const stack: (string | WalkEntry)[] = [];
    for (let at: string | WalkEntry | undefined = path; at !== undefined; at = stack.pop()) {
      const entry: WalkEntry | null = typeof at === "string" ? this.#visit(at, at === path) : at;
      if (entry === null) continue;
      if (topdown || entry === at) yield entry;
      else stack.push(entry);
      if (entry === at) continue;
      for (const child of entry[2].toReversed()) stack.push(childPath(entry[0], child));
    }
  }

  /** Reads a node; `null` if it has vanished. */
  #visit(path: string, isTop: boolean): WalkEntry | null {
    let children: string[] = [];
    try {
      children = this.list(path);
    } catch (thrown) {
      if (isTop) throw thrown;
      if (isErrno(thrown, "ENOENT")) return null;
      if (!isOfOneNode(thrown)) throw thrown;
    }
    try {
      return [path, this.read(path), children];
    } catch (thrown) {
      if (!isOfOneNode(thrown) && !isErrno(thrown, "ENOENT")) throw thrown;
      return [path, "", children];
    }
  }

  /**
   * Gets the path of a domain's home, whether or not the domain exists.
   *
   * @param domid The number of the domain.
   * @returns The path.
   */
  get_domain_path(domid: number): string {
    return toLatin1(withoutNul(this.execute_command(Op.GET_DOMAIN_PATH, `${domid}\0`)));
  }

  /**
   * Tells whether the store communicates with a domain.
   *
   * @param domid The number of the domain.
   * @returns Whether the domain is introduced.
   * @throws {PyXSError} If the store refuses.
   */
  is_domain_introduced(domid: number): boolean {
    const answer = toLatin1(withoutNul(this.execute_command(Op.IS_DOMAIN_INTRODUCED, `${domid}\0`)));
    if (answer !== "T" && answer !== "F") throw new PyXSError(answer);
    return answer === "T";
  }

  /**
   * Introduces a domain.
   *
   * @param domid The number of the domain.
   * @param mfn The guest frame number of its XenStore page.
   * @param eventchn Its event channel.
   * @throws {RangeError} If `domid` is 0.
   * @throws {PyXSError} If the store refuses.
   */
  introduce_domain(domid: number, mfn: number | bigint, eventchn: number): void {
    if (domid === 0) throw pythonError("ValueError", "domain 0 cannot be introduced.");
    this.ack(Op.INTRODUCE, `${domid}\0`, `${mfn}\0`, `${eventchn}\0`);
  }

  /**
   * Releases a domain.
   *
   * @param domid The number of the domain.
   * @throws {PyXSError} If the store refuses.
   */
  release_domain(domid: number): void {
    this.ack(Op.RELEASE, `${domid}\0`);
  }

  /**
   * Notes that a domain that shut down runs again.
   *
   * @param domid The number of the domain.
   * @throws {PyXSError} If the store refuses.
   */
  resume_domain(domid: number): void {
    this.ack(Op.RESUME, `${domid}\0`);
  }

  /**
   * Gives a domain the rights of another domain, its target.
   *
   * @param domid The domain that gets the rights.
   * @param target The domain that has the rights.
   * @throws {PyXSError} If the store refuses.
   */
  set_target(domid: number, target: number): void {
    this.ack(Op.SET_TARGET, `${domid}\0`, `${target}\0`);
  }
}

/** Tells whether an exception is about the node of the request alone: a walk goes on with the next node. */
function isOfOneNode(thrown: unknown): boolean {
  // A store may hold nodes whose paths are too long to be asked for.
  return thrown instanceof InvalidPath || NODE_ERRORS.some((name) => isErrno(thrown, name));
}

/** Tells whether an exception is that of an error with this name. */
export function isErrno(thrown: unknown, name: string): boolean {
  return thrown instanceof PyXSError && thrown.args.length === 2 && thrown.args[0] === error(name).args[0];
}
