// The requests of pyxs's client that need nothing of it but a way to send them.

import { listDirectory } from "../../src/blocking/directory.ts";
import { childPath } from "../../src/wire/path.ts";
import { splitStrings, toLatin1, withoutNul } from "../../src/wire/text.ts";
import { decodeValue, encodeValue } from "../python.ts";
import { error, PyXSError } from "./exceptions.ts";
import { type Bytes, check_path, check_perms } from "./helpers.ts";
import { Op } from "./packet.ts";

/** A node, as `walk()` gives it. */
export type WalkEntry = readonly [path: string, value: string, children: readonly string[]];

/** What {@linkcode Client} can ask of its store besides transactions. */
export abstract class Operations {
  /** Sends any request of parts that are put together, and returns the answer's payload as it is. */
  abstract execute_command(op: number, ...parts: readonly Bytes[]): Uint8Array;

  /** Sends a request, and demands that it is answered with OK. */
  ack(op: number, ...parts: readonly Bytes[]): void {
    const answer = toLatin1(withoutNul(this.execute_command(op, ...parts)));
    if (answer !== "OK") throw new PyXSError(answer);
  }

  /** The value of a node; the default where there is none. */
  read(path: Bytes, default_: string | null = null): string {
    const value = this.read_bytes(path, default_ === null ? null : encodeValue(default_));
    return decodeValue(value);
  }

  /** The same as bytes. */
  read_bytes(path: Bytes, default_: Uint8Array | null = null): Uint8Array {
    const checked = check_path(path);
    try {
      return this.execute_command(Op.READ, `${checked}\0`);
    } catch (thrown) {
      if (default_ !== null && isErrno(thrown, "ENOENT")) return default_;
      throw thrown;
    }
  }

  /** Sets the value of a node, any bytes; makes it and its parents where they are missing. */
  write(path: Bytes, value: Bytes): void {
    this.ack(Op.WRITE, `${check_path(path)}\0`, encodeValue(value));
  }

  /** Makes a node and its parents where they are missing. */
  mkdir(path: Bytes): void {
    this.ack(Op.MKDIR, `${check_path(path)}\0`);
  }

  /** Removes a node and all below it. One that is missing is fine, one whose parent is missing is not. */
  delete(path: Bytes): void {
    this.ack(Op.RM, `${check_path(path)}\0`);
  }

  /** `c[path]`. */
  __getitem__(path: Bytes): string {
    return this.read(path);
  }

  /** `c[path] = value`. */
  __setitem__(path: Bytes, value: Bytes): void {
    this.write(path, value);
  }

  /** `del c[path]`. */
  __delitem__(path: Bytes): void {
    this.delete(path);
  }

  /** The names of a node's children, however many. */
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

  /** Whether there is a node. */
  exists(path: Bytes): boolean {
    try {
      this.list(path);
      return true;
    } catch (thrown) {
      if (isErrno(thrown, "ENOENT")) return false;
      throw thrown;
    }
  }

  /** The permissions of a node, its owner's first: `"n0"`, `"r5"`. */
  get_perms(path: Bytes): string[] {
    return splitStrings(this.execute_command(Op.GET_PERMS, `${check_path(path)}\0`));
  }

  /** Sets the permissions of a node. Throws {@linkcode InvalidPermission} too. */
  set_perms(path: Bytes, perms: readonly Bytes[]): void {
    const checked = check_path(path);
    this.ack(Op.SET_PERMS, `${checked}\0`, ...check_perms(perms).map((perm) => `${perm}\0`));
  }

  /**
   * The nodes at and below `top`: parents before their children, or after them. A value that may not be read is empty.
   */
  *walk(top: Bytes, topdown = true): Generator<WalkEntry, void, undefined> {
    const path = check_path(top);
    const children = this.list(path);
    let value = "";
    try {
      value = this.read(path);
    } catch (thrown) {
      if (!(thrown instanceof PyXSError) || typeof thrown.args[0] !== "number") throw thrown;
    }
    if (topdown) yield [path, value, children];
    for (const child of children) yield* this.walk(childPath(path, child), topdown);
    if (!topdown) yield [path, value, children];
  }

  /** The path of a domain's home, whether or not there is such a domain. */
  get_domain_path(domid: number): string {
    return toLatin1(withoutNul(this.execute_command(Op.GET_DOMAIN_PATH, `${domid}\0`)));
  }

  /** Whether the store speaks with a domain. */
  is_domain_introduced(domid: number): boolean {
    const answer = toLatin1(withoutNul(this.execute_command(Op.IS_DOMAIN_INTRODUCED, `${domid}\0`)));
    if (answer !== "T" && answer !== "F") throw new PyXSError(answer);
    return answer === "T";
  }

  /** Tells the store of a domain. Throws a `RangeError` for domain 0. */
  introduce_domain(domid: number, mfn: number | bigint, eventchn: number): void {
    if (domid === 0) throw new RangeError("domain 0 cannot be introduced.");
    this.ack(Op.INTRODUCE, `${domid}\0`, `${mfn}\0`, `${eventchn}\0`);
  }

  /** Makes the store let go of a domain. */
  release_domain(domid: number): void {
    this.ack(Op.RELEASE, `${domid}\0`);
  }

  /** Makes the store forget that a domain has shut down. */
  resume_domain(domid: number): void {
    this.ack(Op.RESUME, `${domid}\0`);
  }

  /** Gives a domain the rights of another. */
  set_target(domid: number, target: number): void {
    this.ack(Op.SET_TARGET, `${domid}\0`, `${target}\0`);
  }
}

/** Whether an exception is that of an error with this name. */
export function isErrno(thrown: unknown, name: string): boolean {
  return thrown instanceof PyXSError && thrown.args.length === 2 && thrown.args[0] === error(name).args[0];
}
