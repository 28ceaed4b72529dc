// pyxs's client, with one transaction at a time, and its monitor. Each refers to the other, so they share a file.

import type { RawEvent } from "../../src/blocking/event_queue.ts";
import { builtin } from "../../src/transport/builtin.ts";
import { levelsBelow } from "../../src/wire/path.ts";
import { toBytes, toLatin1, withoutNul } from "../../src/wire/text.ts";
import { refuseClones } from "../../src/transport/uncloneable.ts";
import { bindMethods } from "../bound.ts";
import { type Event, eventOf } from "./connection.ts";
import { EventSource } from "./event_source.ts";
import { ConnectionError, error, PyXSError, UnexpectedPacket } from "./exceptions.ts";
import { type Bytes, check_watch_path, text } from "./helpers.ts";
import { isErrno, Operations } from "./operations.ts";
import { checkClientOptions, type ClientOptions, connectionOf } from "./options.ts";
import { Op, Packet } from "./packet.ts";
import { Router, type Subscriber } from "./router.ts";
import { WaitingEvents } from "./waiting_events.ts";

const END = new Uint8Array(1);

/** The longest silence of the store while a monitor closes, in milliseconds: as long as the client of `tsxs` waits. */
const SILENCE_MS = 5000;

/**
 * A client of the store, as `pyxs.Client`.
 *
 * The client connects at its first use, or by `connect()`. After `close()` only `connect()` connects it again; its
 * watches and transaction ended with the connection. Paths and values are given as text or bytes. They come back as
 * text, in which bytes that are not UTF-8 are escaped without loss; {@linkcode Client.read_bytes} returns bytes.
 *
 * Failures are a {@linkcode PyXSError} if the store refuses, an {@linkcode InvalidPath} if the path is invalid, and a
 * {@linkcode ConnectionError} if the connection cannot be opened or is over.
 *
 * Methods are bound to their object, as in Python: `process.on("exit", c.close)`.
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
export class Client extends Operations {
  /** The connection, which other clients may share. */
  readonly router: Router;
  #transaction = { id: 0, generation: 0 };

  /**
   * Makes a client, from positional arguments as in Python, or from named ones.
   *
   * @param unix_socket_path The path of the socket, or the named arguments.
   * @param xen_bus_path The path of the device, used if no socket is given.
   * @param router A connection that other clients share.
   * @throws {TypeError} If a named argument is unknown.
   */
  constructor(
    unix_socket_path: string | ClientOptions | null = null,
    xen_bus_path: string | null = null,
    router: Router | null = null,
  ) {
    const named = typeof unix_socket_path === "string" || unix_socket_path === null
      ? { unix_socket_path, xen_bus_path, router }
      : unix_socket_path;
    checkClientOptions(named);
    super();
    this.router = named.router ?? new Router(connectionOf(named));
    bindMethods(this);
    refuseClones(this);
  }

  /** Whether this is domain 0 according to the kernel. Nothing depends on it: the store decides. */
  static get SU(): boolean {
    try {
      return builtin("node:fs").readFileSync("/proc/xen/capabilities", "utf8") === "control_d\n";
    } catch {
      return false;
    }
  }

  /** The transaction of all operations, 0 for none. */
  get tx_id(): number {
    return this.#transaction.id;
  }

  set tx_id(id: number) {
    this.#transaction = { id, generation: this.router.connection.generation };
  }

  /**
   * Connects to the store, unless the client is connected. A new connection has no transaction.
   *
   * @throws {ConnectionError} If the store cannot be reached.
   */
  connect(): void {
    this.router.start();
    if (this.#isLost) this.tx_id = 0;
  }

  /** Closes the connection, for every client that shares it. */
  close(): void {
    this.router.terminate();
  }

  /** Returns another client over the same connection, with a transaction of its own: Python's `copy.copy()`. */
  __copy__(): Client {
    return new Client({ router: this.router });
  }

  /** Enters Python's `with`: connects. */
  __enter__(): this {
    this.connect();
    return this;
  }

  /**
   * Leaves Python's `with`: closes.
   *
   * @param thrown What the body threw, if it threw.
   * @throws {PyXSError} If a transaction is open and the body did not throw.
   */
  __exit__(thrown: unknown = null): void {
    this.close();
    if (this.tx_id !== 0 && (thrown === null || thrown === undefined)) throw new PyXSError("uncommitted transaction");
  }

  /**
   * Closes the client: for `using`.
   *
   * @throws {PyXSError} If a transaction is open.
   */
  [Symbol.dispose](): void {
    this.__exit__();
  }

  /**
   * Sends a request, and returns the payload of the reply.
   *
   * @param op The operation.
   * @param parts The parts of the payload.
   * @returns The payload of the reply.
   * @throws {PyXSError} If the store refuses.
   * @throws {ConnectionError} If the connection is over.
   */
  override execute_command(op: number, ...parts: readonly Bytes[]): Uint8Array {
    const bytes = parts.map(toBytes);
    const payload = new Uint8Array(bytes.reduce((length, part) => length + part.length, 0));
    let at = 0;
    for (const part of bytes) {
      payload.set(part, at);
      at += part.length;
    }
    this.router.start_first();
    // The reply of the store, unless another transaction has this number by now.
    if (this.#isLost) throw error("ENOENT");
    const answer = this.router.send(new Packet(op, payload, 0, this.tx_id)).get();
    if (answer.op === Op.ERROR) throw error(toLatin1(withoutNul(answer.payload)));
    if (answer.op !== op) throw new UnexpectedPacket(answer);
    return answer.payload;
  }

  /**
   * Starts a transaction, and returns its number.
   *
   * @returns The number.
   * @throws {PyXSError} If a transaction is open: EALREADY.
   */
  transaction(): number {
    if (this.tx_id !== 0) throw error("EALREADY");
    this.tx_id = Number(toLatin1(withoutNul(this.execute_command(Op.TRANSACTION_START, END))));
    return this.tx_id;
  }

  /** Rolls the transaction back. */
  rollback(): void {
    try {
      this.ack(Op.TRANSACTION_END, "F\0");
      this.tx_id = 0;
    } finally {
      if (this.#isLost) this.tx_id = 0;
    }
  }

  /**
   * Commits the transaction, which ends in any case.
   *
   * @returns Whether it took effect; false if it conflicted and must be done again.
   */
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

  /** Makes a monitor over the same connection. */
  monitor(): Monitor {
    return new Monitor(this.__copy__());
  }

  /** `Client(UnixSocketConnection('/path'))`, as Python shows it. */
  override toString(): string {
    return `Client(${this.router.connection})`;
  }

  /** Whether the transaction ended with an earlier connection. */
  get #isLost(): boolean {
    return this.tx_id !== 0 && this.#transaction.generation !== this.router.connection.generation;
  }
}

/** A watched path, with the token of the user and the token on the wire. */
interface WatchedPath {
  readonly path: string;
  readonly token: string;
  readonly wire: string;
}

/**
 * Watches nodes. {@linkcode Client.monitor} makes one. Monitors work over the device as well, and never get events of
 * each other. Events wait without a limit until they are taken, as in Python.
 *
 * @example
 * ```ts
 * import { Client } from "tsxs/pyxs";
 *
 * using c = new Client();
 * using m = c.monitor();
 * m.watch("/tool/example", "a token");
 * for (const { path, token } of m.wait()) {
 *   console.log(path, token); // /tool/example a token
 *   break;
 * }
 * ```
 */
export class Monitor extends EventSource implements Subscriber {
  /** A copy of the client that made the monitor. */
  readonly client: Client;
  readonly #watches: WatchedPath[] = [];
  readonly #events = new WaitingEvents();
  #onClose: () => void;
  /** The number of the connection that has the watches; 0 without watches. */
  #generation = 0;
  /**
   * Whether the monitor was closed.
   *
   * @internal
   */
  protected override is_closed = false;

  /**
   * Makes a monitor of a client.
   *
   * @param client The client.
   * @param on_close Called when the monitor is closed.
   */
  constructor(client: Client, on_close: () => void = () => {}) {
    super();
    this.client = client;
    this.#onClose = on_close;
    bindMethods(this);
    refuseClones(this);
  }

  /** The paths that are watched. */
  get watched(): Set<string> {
    return new Set(this.#watches.map(({ path }) => path));
  }

  /**
   * Watches a node and everything below it, or a special path.
   *
   * @param wpath The path.
   * @param token The token that the events carry.
   * @throws {InvalidPath} If the path is invalid.
   * @throws {PyXSError} If the store refuses.
   */
  watch(wpath: Bytes, token: Bytes): void {
    const path = check_watch_path(wpath);
    this.#checkConnection();
    const same = this.#watches.find((watch) => watch.token === text(token));
    const wire = same?.wire ?? this.client.router.new_token();
    const { router } = this.client;
    // Subscribed before the request is sent: the first event may precede the reply.
    if (same === undefined) router.subscribe(wire, this);
    try {
      this.client.ack(Op.WATCH, `${path}\0`, `${wire}\0`);
    } catch (error) {
      if (same === undefined) router.unsubscribe(wire, this);
      throw error;
    }
    this.is_closed = false;
    this.#watches.push({ path, token: text(token), wire });
    this.#generation = router.connection.generation;
  }

  /**
   * Ends a watch.
   *
   * @param wpath The path of the watch.
   * @param token The token of the watch.
   * @throws {PyXSError} If the watch does not exist.
   */
  unwatch(wpath: Bytes, token: Bytes): void {
    const path = check_watch_path(wpath);
    const at = this.#watches.findIndex((watch) => watch.path === path && watch.token === text(token));
    const wire = this.#watches[at]?.wire ?? "0";
    this.#checkConnection();
    this.client.ack(Op.UNWATCH, `${path}\0`, `${wire}\0`);
    this.#watches.splice(at, 1);
    this.#events.end(wire, text(token));
    if (!this.#watches.some((watch) => watch.wire === wire)) this.client.router.unsubscribe(wire, this);
  }

  /**
   * Ends all watches. If the store is silent for 5 seconds, the connection ends, except over a transport that cannot
   * poll: the XenBus device by a descriptor.
   *
   * @throws {ConnectionError} If the watches ended with their connection, or the store is silent.
   */
  close(): void {
    this.is_closed = true;
    const onClose = this.#onClose;
    this.#onClose = () => {};
    const unwatch = (): void => {
      for (const { path, token } of [...this.#watches]) this.unwatch(path, token);
    };
    try {
      // Without a connection, the first call throws.
      if (this.client.router.is_connected) this.client.router.connection.within(SILENCE_MS, unwatch);
      else unwatch();
    } finally {
      onClose();
    }
  }

  /**
   * Takes an event from the router.
   *
   * @param event The event.
   */
  deliver(event: Event): void {
    this.#events.push(event);
  }

  /** Enters Python's `with`: returns the monitor. */
  __enter__(): this {
    return this;
  }

  /** Leaves Python's `with`: closes the monitor. */
  __exit__(): void {
    this.close();
  }

  /** Closes the monitor, for `using`. A connection that is over, or a silent store, is no error. */
  [Symbol.dispose](): void {
    if (this.#isLost || !this.client.router.is_connected) this.#forget();
    try {
      this.close();
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
    }
  }

  /**
   * Takes the oldest event to deliver; `null` if none waits.
   *
   * @internal
   */
  protected override take(unwatched: boolean): Event | null {
    for (let taken = this.#events.take(); taken !== null; taken = this.#events.take()) {
      const { event, ended } = taken;
      const token = this.#tokenOf(event) ?? (unwatched ? ended : undefined);
      if (token !== undefined) return eventOf(event.path, token);
    }
    return null;
  }

  /**
   * Tells whether an event of a watch that has not ended waits.
   *
   * @internal
   */
  protected override has_event(): boolean {
    for (let at = 0;; at++) {
      const event = this.#events.at(at);
      if (event === undefined) return false;
      if (this.#tokenOf(event) !== undefined) return true;
    }
  }

  /**
   * Waits at most `timeout` milliseconds for an event of any monitor. Returns whether one came.
   *
   * @internal
   */
  protected override receive(timeout: number): boolean {
    this.#checkConnection();
    return this.client.router.wait_event(timeout);
  }

  /**
   * Resolves if an event may have come, as the `changed()` of a transport.
   *
   * @internal
   */
  protected override changed(pause: number, rest: number): Promise<void> {
    return this.client.router.changed(pause, rest);
  }

  /** The token of the user; `undefined` if no watch has the event. */
  #tokenOf({ path, token: wire }: RawEvent): string | undefined {
    return this.#watches.find((watch) => watch.wire === wire && isAtOrBelow(path, watch.path))?.token;
  }

  get #isLost(): boolean {
    return this.#generation !== 0 && this.#generation !== this.client.router.connection.generation;
  }

  #checkConnection(): void {
    if (!this.#isLost) return;
    this.#forget();
    throw new ConnectionError("the connection that had the watches is over");
  }

  #forget(): void {
    for (const { wire } of this.#watches.splice(0)) this.client.router.unsubscribe(wire, this);
  }
}

/** An event of a relative watch has a relative path. A special path has nothing below it. */
function isAtOrBelow(path: string, watched: string): boolean {
  return levelsBelow(watched, path) !== null;
}
