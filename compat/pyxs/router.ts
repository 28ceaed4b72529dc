// pyxs's router: one connection for any number of clients and monitors.

import { refuseClones } from "../../src/transport/uncloneable.ts";
import { bindMethods } from "../bound.ts";
import type { Event, PacketConnection } from "./connection.ts";
import type { Packet } from "./packet.ts";

/** Takes the events of one token. */
export interface Subscriber {
  /**
   * Takes an event.
   *
   * @param event The event.
   */
  deliver(event: Event): void;
}

/**
 * A reply that has come. In pyxs a reply may still be pending; here sending a packet waits for its reply.
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

  /**
   * Holds the reply.
   *
   * @param packet The reply.
   */
  constructor(packet: Packet) {
    this.#packet = packet;
  }

  /** Returns the reply. */
  get(): Packet {
    return this.#packet;
  }
}

/**
 * Shares a connection between clients. There is no thread: a monitor that waits takes the events of all monitors.
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

  /**
   * Makes a router of a connection, which the router owns.
   *
   * @param connection The connection.
   */
  constructor(connection: PacketConnection) {
    this.connection = connection;
    bindMethods(this);
    refuseClones(this);
  }

  /** Whether the connection is open. */
  get is_connected(): boolean {
    return this.connection.is_connected;
  }

  /**
   * Opens the connection, unless it is open.
   *
   * @throws {ConnectionError} If the store cannot be reached.
   */
  start(): void {
    if (this.is_connected) return;
    // Events that came before the end are still delivered.
    while (this.connection.waiting > 0) this.#deliver();
    this.connection.connect();
    this.#wasUsed = true;
  }

  /**
   * Opens the connection at the first use alone. A later connection has none of the watches and transactions, so that
   * only a caller that asks for it gets one.
   */
  start_first(): void {
    if (!this.#wasUsed) this.start();
  }

  /** Closes the connection. Closing twice is fine. */
  terminate(): void {
    this.#wasUsed = true;
    this.connection.close();
  }

  /**
   * Sends a packet, and waits for the reply.
   *
   * @param packet The packet.
   * @returns The reply.
   * @throws {ConnectionError} If the connection is over.
   */
  send(packet: Packet): RVar {
    const answer = new RVar(this.connection.ask(packet));
    while (this.connection.waiting > 0) this.#deliver();
    return answer;
  }

  /**
   * Delivers the events of a token to a monitor.
   *
   * @param token The token on the wire.
   * @param monitor The monitor.
   */
  subscribe(token: string, monitor: Subscriber): void {
    this.#subscribers.set(token, [...this.#subscribers.get(token) ?? [], monitor]);
  }

  /**
   * Stops delivering the events of a token to a monitor.
   *
   * @param token The token on the wire.
   * @param monitor The monitor.
   */
  unsubscribe(token: string, monitor: Subscriber): void {
    const rest = [...this.#subscribers.get(token) ?? []];
    const at = rest.indexOf(monitor);
    if (at >= 0) rest.splice(at, 1);
    if (rest.length > 0) this.#subscribers.set(token, rest);
    else this.#subscribers.delete(token);
  }

  /** Returns a token for the wire that no other monitor of this router uses. */
  new_token(): string {
    return `${++this.#tokens}`;
  }

  /**
   * Waits for an event, and delivers it.
   *
   * @param timeout The longest wait in milliseconds.
   * @returns Whether an event came.
   * @throws {ConnectionError} If the connection is over.
   */
  wait_event(timeout: number): boolean {
    if (!this.connection.wait_event(timeout)) return false;
    this.#deliver();
    return true;
  }

  /**
   * Resolves if an event may have come, and the event loop runs until then. Not in pyxs.
   *
   * @param pause The longest wait in milliseconds of a connection that is not told of events.
   * @param rest The longest wait in milliseconds.
   * @throws {ConnectionError} If the connection is not open.
   */
  changed(pause: number, rest: number): Promise<void> {
    return this.connection.changed(pause, rest);
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
