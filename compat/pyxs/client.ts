// pyxs's client and its monitor, each of which gives the other: one transaction at a time, and watches.

import { builtin } from "../../src/transport/builtin.ts";
import { levelsBelow } from "../../src/wire/path.ts";
import { toBytes, toLatin1, withoutNul } from "../../src/wire/text.ts";
import { type Event, eventOf } from "./connection.ts";
import { ConnectionError, error, PyXSError, UnexpectedPacket } from "./exceptions.ts";
import { type Bytes, check_watch_path, text } from "./helpers.ts";
import { isErrno, Operations } from "./operations.ts";
import { type ClientOptions, connectionOf } from "./options.ts";
import { Op, Packet } from "./packet.ts";
import { Router, type Subscriber } from "./router.ts";

const END = new Uint8Array(1);

/**
 * A client of the store, as `pyxs.Client`. It connects when it is first used, or by `connect()`; `using`, or `close()`,
 * ends it, and only `connect()` connects it again: watches and transactions ended with the connection. Paths and values
 * are text or bytes when they are given, and text when they come back, in which a byte that is no UTF-8 is escaped and
 * not lost; {@linkcode Client.read_bytes} gives bytes.
 *
 * All methods throw {@linkcode PyXSError} where the store refuses, {@linkcode InvalidPath} for a path that it would
 * refuse, and {@linkcode ConnectionError} where the connection cannot be had or is over.
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
    super();
    this.router = named.router ?? new Router(connectionOf(named));
  }

  /** Whether this is domain 0, as far as the kernel says. Nothing depends on it: the store knows. */
  static get SU(): boolean {
    try {
      return builtin("node:fs").readFileSync("/proc/xen/capabilities", "utf8") === "control_d\n";
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
  override execute_command(op: number, ...parts: readonly Bytes[]): Uint8Array {
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
  override toString(): string {
    return `Client(${this.router.connection})`;
  }

  /** Whether the transaction ended with a connection that is not the present one. */
  get #isLost(): boolean {
    return this.tx_id !== 0 && this.#transaction.generation !== this.router.connection.generation;
  }
}

/** A path that a monitor watches, and the tokens of the watch: the user's, and the one on the wire. */
interface WatchedPath {
  readonly path: string;
  readonly token: string;
  readonly wire: string;
}

/**
 * Watches nodes. Made by {@linkcode Client.monitor}; works over the device as well, and monitors never get each other's
 * events.
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
export class Monitor implements Subscriber {
  /** A copy of the client that made it. */
  readonly client: Client;
  readonly #watches: WatchedPath[] = [];
  readonly #ended = new Map<string, string>();
  #events: Event[] = [];
  #onClose: () => void;
  /** Which of the router's connections has the watches, 0 as long as there are none. */
  #generation = 0;

  /** Makes a monitor of a client; `on_close` is called when it is closed. */
  constructor(client: Client, on_close: () => void = () => {}) {
    this.client = client;
    this.#onClose = on_close;
  }

  /** The paths that are watched. */
  get watched(): Set<string> {
    return new Set(this.#watches.map(({ path }) => path));
  }

  /** Watches a node and all below it, or a special path. Throws {@linkcode InvalidPath}, and what the store says. */
  watch(wpath: Bytes, token: Bytes): void {
    const path = check_watch_path(wpath);
    this.#checkConnection();
    const same = this.#watches.find((watch) => watch.token === text(token));
    const wire = same?.wire ?? this.client.router.new_token();
    const { router } = this.client;
    // Before the request: the first event may come before its answer.
    if (same === undefined) router.subscribe(wire, this);
    try {
      this.client.ack(Op.WATCH, `${path}\0`, `${wire}\0`);
    } catch (error) {
      if (same === undefined) router.unsubscribe(wire, this);
      throw error;
    }
    this.#watches.push({ path, token: text(token), wire });
    this.#generation = router.connection.generation;
  }

  /** Ends a watch. Throws what the store says, where there is none. */
  unwatch(wpath: Bytes, token: Bytes): void {
    const path = check_watch_path(wpath);
    const at = this.#watches.findIndex((watch) => watch.path === path && watch.token === text(token));
    const wire = this.#watches[at]?.wire ?? "0";
    this.#checkConnection();
    this.client.ack(Op.UNWATCH, `${path}\0`, `${wire}\0`);
    this.#watches.splice(at, 1);
    this.#ended.set(wire, text(token));
    if (!this.#watches.some((watch) => watch.wire === wire)) this.client.router.unsubscribe(wire, this);
  }

  /**
   * Gives events for ever, and waits for each. Those whose watch was ended meanwhile are left out, unless `unwatched`
   * is true. Throws {@linkcode ConnectionError} when the connection is over, even where the client has connected again:
   * that one has none of the watches.
   */
  *wait(unwatched = false): Generator<Event, void, undefined> {
    for (;;) {
      const event = this.#take();
      if (event === undefined) {
        this.#checkConnection();
        this.client.router.wait_event(Infinity);
        continue;
      }
      const { path, token: wire } = event;
      const watch = this.#watches.find((watch) => watch.wire === wire && isAtOrBelow(path, watch.path));
      const token = watch?.token ?? (unwatched ? this.#ended.get(wire) : undefined);
      if (token !== undefined) yield eventOf(path, token);
    }
  }

  /** Ends all watches. Throws {@linkcode ConnectionError} where they ended with their connection. */
  close(): void {
    const onClose = this.#onClose;
    this.#onClose = () => {};
    try {
      for (const { path, token } of [...this.#watches]) this.unwatch(path, token);
    } finally {
      onClose();
    }
  }

  /** Takes an event from the router. */
  deliver(event: Event): void {
    this.#events.push(event);
  }

  /** Python's way into a `with`: the monitor itself. */
  __enter__(): this {
    return this;
  }

  /** Python's way out of a `with`: closes it. */
  __exit__(): void {
    this.close();
  }

  /** Closes it, if the connection is still there: for `using`. */
  [Symbol.dispose](): void {
    if (this.#isLost || !this.client.router.is_connected) this.#forget();
    this.close();
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

  #take(): Event | undefined {
    return this.#events.shift();
  }
}

/** An event of a relative watch has a relative path; a special path has nothing below it. */
function isAtOrBelow(path: string, watched: string): boolean {
  return levelsBelow(watched, path) !== null;
}
