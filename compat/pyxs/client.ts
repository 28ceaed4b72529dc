// pyxs's client: operations on the store, one transaction at a time.

import { readFileSync } from "node:fs";
import type { BlockingOptions } from "../../src/blocking/transport.ts";
import { childPath } from "../../src/wire/path.ts";
import { splitStrings, toBytes, toLatin1, withoutNul } from "../../src/wire/text.ts";
import { listDirectory } from "../../src/blocking/directory.ts";
import { decodeValue, encodeValue } from "../python.ts";
import {
  type PacketConnection,
  PacketConnection as Connection,
  UnixSocketConnection,
  XenBusConnection,
} from "./connection.ts";
import { error, PyXSError, UnexpectedPacket } from "./exceptions.ts";
import { type Bytes, check_path, check_perms } from "./helpers.ts";
import { Monitor } from "./monitor.ts";
import { Op, Packet } from "./packet.ts";
import { Router } from "./router.ts";

/** How to make a client. */
export interface ClientOptions extends BlockingOptions {
  /** The path of the store's socket. */
  readonly unix_socket_path?: string | null | undefined;
  /** The path of the XenBus device, taken where no socket is given. */
  readonly xen_bus_path?: string | null | undefined;
  /** A connection that other clients have as well. */
  readonly router?: Router | null | undefined;
  /** Any store: `"embedded:"`, `"unix:/path"`. Not in pyxs. */
  readonly address?: string | undefined;
}

/** A node, as `walk()` gives it. */
export type WalkEntry = readonly [path: string, value: string, children: readonly string[]];

const END = new Uint8Array(1);

/**
 * A client of the store, as `pyxs.Client`. It connects when it is first used, or by `connect()`; `using`, or `close()`, ends
 * it, and only `connect()` connects it again: watches and transactions ended with the connection. Paths and values are text
 * or bytes when they are given, and text when they come back, in which a byte that is no UTF-8 is escaped and not lost;
 * {@linkcode Client.read_bytes} gives bytes.
 *
 * All methods throw {@linkcode PyXSError} where the store refuses, {@linkcode InvalidPath} for a path that it would refuse, and
 * {@linkcode ConnectionError} where the connection cannot be had or is over.
 *
 * @example
 * ```ts
 * import { Client } from "tsxs/pyxs";
 *
 * using c = new Client();
 * c.write("/tool/example", "Ziggy");
 * console.log(c.read("/tool/example")); // Ziggy
 * ```
 */
export class Client {
  /** The connection, which other clients may have as well. */
  readonly router: Router;
  #transaction = { id: 0, generation: 0 };

  /** Makes a client, of positional arguments as in Python, or of named ones. */
  constructor(
    unix_socket_path: string | ClientOptions | null = null,
    xen_bus_path: string | null = null,
    router: Router | null = null,
  ) {
    const named = typeof unix_socket_path === "string" || unix_socket_path === null
      ? { unix_socket_path, xen_bus_path, router }
      : unix_socket_path;
    this.router = named.router ?? new Router(connectionOf(named));
  }

  /** Whether this is domain 0, as far as the kernel says. Nothing depends on it: the store knows. */
  static get SU(): boolean {
    try {
      return readFileSync("/proc/xen/capabilities", "utf8") === "control_d\n";
    } catch {
      return false;
    }
  }

  /** The transaction that all operations belong to, 0 for none. */
  get tx_id(): number {
    return this.#transaction.id;
  }

  set tx_id(id: number) {
    this.#transaction = { id, generation: this.router.connection.generation };
  }

  /** Connects to the store, again where the connection is over: that ended the transaction. */
  connect(): void {
    this.router.start();
    if (this.#isLost) this.tx_id = 0;
  }

  /** Ends the connection, for all clients that have it. */
  close(): void {
    this.router.terminate();
  }

  /** Another client over the same connection, with a transaction of its own: Python's `copy.copy()`. */
  __copy__(): Client {
    return new Client({ router: this.router });
  }

  /** Python's way into a `with`: connects. */
  __enter__(): this {
    this.connect();
    return this;
  }

  /** Python's way out of a `with`: closes, and throws where a transaction is open and nothing else was thrown. */
  __exit__(thrown: unknown = null): void {
    this.close();
    if (this.tx_id !== 0 && (thrown === null || thrown === undefined)) throw new PyXSError("uncommitted transaction");
  }

  /** Closes: for `using`. Throws where a transaction is open. */
  [Symbol.dispose](): void {
    this.__exit__();
  }

  /** Sends any request of parts that are put together, and returns the answer's payload as it is. */
  execute_command(op: number, ...parts: readonly Bytes[]): Uint8Array {
    const bytes = parts.map(toBytes);
    const payload = new Uint8Array(bytes.reduce((length, part) => length + part.length, 0));
    let at = 0;
    for (const part of bytes) {
      payload.set(part, at);
      at += part.length;
    }
    this.router.start_first();
    // What the store would say, if it did not know another transaction of that number by now.
    if (this.#isLost) throw error("ENOENT");
    const answer = this.router.send(new Packet(op, payload, 0, this.tx_id)).get();
    if (answer.op === Op.ERROR) throw error(toLatin1(withoutNul(answer.payload)));
    if (answer.op !== op) throw new UnexpectedPacket(answer);
    return answer.payload;
  }

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

  /** The nodes at and below `top`: parents before their children, or after them. A value that may not be read is empty. */
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

  /** Starts a transaction, and returns its number. Throws EALREADY where one is open. */
  transaction(): number {
    if (this.tx_id !== 0) throw error("EALREADY");
    this.tx_id = Number(toLatin1(withoutNul(this.execute_command(Op.TRANSACTION_START, END))));
    return this.tx_id;
  }

  /** Throws the transaction away. */
  rollback(): void {
    try {
      this.ack(Op.TRANSACTION_END, "F\0");
      this.tx_id = 0;
    } finally {
      if (this.#isLost) this.tx_id = 0;
    }
  }

  /** Commits the transaction; `false` where it conflicted and has to be done again. It is over in any case. */
  commit(): boolean {
    try {
      this.ack(Op.TRANSACTION_END, "T\0");
      return true;
    } catch (thrown) {
      if (isErrno(thrown, "EAGAIN")) return false;
      throw thrown;
    } finally {
      this.tx_id = 0;
    }
  }

  /** A new monitor over the same connection. */
  monitor(): Monitor {
    return new Monitor(this.__copy__());
  }

  /** `Client(UnixSocketConnection('/path'))`, as Python shows it. */
  toString(): string {
    return `Client(${this.router.connection})`;
  }

  /** Whether the transaction ended with a connection that is not the present one. */
  get #isLost(): boolean {
    return this.tx_id !== 0 && this.#transaction.generation !== this.router.connection.generation;
  }
}

function connectionOf(options: ClientOptions): PacketConnection {
  const { unix_socket_path, xen_bus_path, address, transport, spin } = options;
  const how = { transport, spin };
  if (address !== undefined) return new Connection(address, how);
  return unix_socket_path || !xen_bus_path
    ? new UnixSocketConnection(unix_socket_path, how)
    : new XenBusConnection(xen_bus_path, how);
}

function isErrno(thrown: unknown, name: string): boolean {
  return thrown instanceof PyXSError && thrown.args.length === 2 && thrown.args[0] === error(name).args[0];
}
