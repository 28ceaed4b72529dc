// pyxs's router: one connection for any number of clients and monitors.

import type { Event, PacketConnection } from "./connection.ts";
import type { Packet } from "./packet.ts";

/** Where a router puts the events of one token. */
export interface Subscriber {
  /** Takes an event. */
  deliver(event: Event): void;
}

/**
 * An answer that has come. pyxs's is one that may still be waited for; here a packet that is sent waits for its answer.
 *
 * @example
 * ```ts
 * import { Op, Packet, Router, UnixSocketConnection } from "tsxs/pyxs";
 *
 * const router = new Router(new UnixSocketConnection());
 * router.start();
 * const answer = router.send(new Packet(Op.GET_DOMAIN_PATH, "7\0", 1)).get();
 * console.log(answer.rq_id); // 1
 * router.terminate();
 * ```
 */
export class RVar {
  readonly #packet: Packet;

  /** Holds the answer. */
  constructor(packet: Packet) {
    this.#packet = packet;
  }

  /** The answer. */
  get(): Packet {
    return this.#packet;
  }
}

/**
 * Shares a connection between clients. There is no thread: a monitor that waits takes the events of all of them.
 *
 * @example
 * ```ts
 * import { Client, Router, UnixSocketConnection } from "tsxs/pyxs";
 *
 * const router = new Router(new UnixSocketConnection());
 * using c = new Client({ router });
 * console.log(c.get_domain_path(0)); // /local/domain/0
 * ```
 */
export class Router {
  /** The connection, which is open from `start()` to `terminate()`. */
  readonly connection: PacketConnection;
  readonly #subscribers = new Map<string, Subscriber[]>();
  #tokens = 0;
  #wasUsed = false;

  /** Makes a router of a connection, which it owns. */
  constructor(connection: PacketConnection) {
    this.connection = connection;
  }

  /** Whether the connection is open. */
  get is_connected(): boolean {
    return this.connection.is_connected;
  }

  /**
   * Opens the connection, again where it is over; does nothing where it is open. Throws {@linkcode ConnectionError}.
   */
  start(): void {
    if (this.is_connected) return;
    // What came before the end is still for the monitors.
    while (this.connection.waiting > 0) this.#deliver();
    this.connection.connect();
    this.#wasUsed = true;
  }

  /**
   * The same for the first use alone. One that ended took watches and transactions with it, whose numbers another may
   * get: only those who ask for another one know that.
   */
  start_first(): void {
    if (!this.#wasUsed) this.start();
  }

  /** Ends the connection; does nothing where it is not open. */
  terminate(): void {
    this.#wasUsed = true;
    this.connection.close();
  }

  /** Sends a packet, and waits for its answer. Throws {@linkcode ConnectionError}. */
  send(packet: Packet): RVar {
    const answer = new RVar(this.connection.ask(packet));
    while (this.connection.waiting > 0) this.#deliver();
    return answer;
  }

  /** Has the events of a token given to a monitor. */
  subscribe(token: string, monitor: Subscriber): void {
    this.#subscribers.set(token, [...this.#subscribers.get(token) ?? [], monitor]);
  }

  /** Ends what `subscribe()` began. */
  unsubscribe(token: string, monitor: Subscriber): void {
    const rest = [...this.#subscribers.get(token) ?? []];
    const at = rest.indexOf(monitor);
    if (at >= 0) rest.splice(at, 1);
    if (rest.length > 0) this.#subscribers.set(token, rest);
    else this.#subscribers.delete(token);
  }

  /** A token for the wire that no other monitor of this router has. */
  new_token(): string {
    return `${++this.#tokens}`;
  }

  /** Waits for an event, at most so many milliseconds, and gives it to whom it is for; returns whether one came. */
  wait_event(timeout: number): boolean {
    if (!this.connection.wait_event(timeout)) return false;
    this.#deliver();
    return true;
  }

  /** `Router(UnixSocketConnection('/path'))`, as Python shows it. */
  toString(): string {
    return `Router(${this.connection})`;
  }

  #deliver(): void {
    const event = this.connection.take_event();
    if (event === null) return;
    for (const monitor of this.#subscribers.get(event.token) ?? []) monitor.deliver(event);
  }
}
