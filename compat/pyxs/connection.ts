// pyxs's connections: how packets reach a store.

import { defaultAddresses, deviceCandidates, formatAddress, parseAddress } from "../../src/transport/address.ts";
import { builtin } from "../../src/transport/builtin.ts";
import { openBlocking } from "../../src/blocking/open.ts";
import { BLOCKING_OPTIONS, type BlockingOptions } from "../../src/blocking/transport.ts";
import { checkOptions } from "../../src/wire/checks.ts";
import { XenStoreError } from "../../src/wire/errors.ts";
import { Fifo } from "../../src/wire/fifo.ts";
import { toBytes } from "../../src/wire/text.ts";
import { Exchange } from "../../src/blocking/exchange.ts";
import { refuseClones } from "../../src/transport/uncloneable.ts";
import { bindMethods } from "../bound.ts";
import { ConnectionError, error as pyxsError } from "./exceptions.ts";
import { Op, Packet } from "./packet.ts";

/** An event: the path that changed and the token of the watch, by name or as a pair. */
export type Event = readonly [path: string, token: string] & {
  /** The path. */
  readonly path: string;
  /** The token that `watch()` was given. An event of a connection has the token on the wire. */
  readonly token: string;
};

/** Makes an event. */
export function eventOf(path: string, token: string): Event {
  return Object.freeze(Object.assign([path, token] as const, { path, token }));
}

/**
 * A connection that sends and receives packets. {@linkcode UnixSocketConnection} and {@linkcode XenBusConnection}
 * choose the store.
 *
 * Unlike the connection of pyxs, it waits for the reply when it sends. `recv()` then returns the reply, and the events.
 *
 * @example
 * ```ts
 * import { Op, Packet, UnixSocketConnection } from "tsxs/pyxs";
 *
 * const connection = new UnixSocketConnection();
 * connection.connect();
 * connection.send(new Packet(Op.GET_DOMAIN_PATH, "7\0", 1));
 * console.log(connection.recv().size); // 16
 * connection.close();
 * ```
 */
export class PacketConnection {
  /** The path of the socket or the device, or the address of an embedded store. */
  readonly path: string;
  readonly #address: string;
  readonly #options: BlockingOptions;
  #exchange: Exchange | null = null;
  #generation = 0;
  readonly #inbox = new Fifo<Packet>();

  /**
   * Makes a connection that is not open yet.
   *
   * @param address `unix:/path`, `xenbus:/path` or `embedded:`.
   * @param options The transport, and how long to poll.
   * @throws {TypeError} If an option is unknown.
   */
  constructor(address: string, options: BlockingOptions = {}) {
    checkOptions(new.target.name, options, BLOCKING_OPTIONS);
    const { kind, path } = parseAddress(address);
    this.path = kind === "embedded" ? address : path;
    this.#address = address;
    this.#options = options;
    bindMethods(this);
    refuseClones(this);
  }

  /** Whether the connection is open. */
  get is_connected(): boolean {
    return this.#exchange !== null && !this.#exchange.isOver;
  }

  /** How many times the connection was opened. Watches and transactions end with each connection. */
  get generation(): number {
    return this.#generation;
  }

  /** The number of events that wait. */
  get waiting(): number {
    return this.#exchange?.waiting ?? 0;
  }

  /**
   * Returns the descriptor of the connection, for code that calls `poll()` itself.
   *
   * It tells nothing of events that were received with a reply, and reading from it would take bytes of the connection.
   * To wait for events on the event loop, use `event_ready()` of a {@linkcode Monitor}.
   *
   * @returns The number of the descriptor.
   * @throws {ConnectionError} If a worker has the connection.
   */
  fileno(): number {
    const { fd } = this.#open().transport;
    if (fd === null) throw new ConnectionError("no descriptor: a worker has it");
    return fd;
  }

  /**
   * Opens the connection, unless it is open.
   *
   * @throws {ConnectionError} If the store cannot be reached.
   */
  connect(): void {
    if (this.is_connected) return;
    this.close();
    try {
      const { transport, interrupts } = openBlocking(this.#address, this.#options);
      this.#exchange = new Exchange(transport, interrupts);
      this.#generation++;
      this.#inbox.takeAll();
    } catch (error) {
      if (!(error instanceof XenStoreError)) throw error;
      const isMissing = error.code === "ENOENT" && defaultAddresses().map(formatAddress).includes(this.#address);
      const hint = '; if this machine has no Xen, use new Client({ address: "embedded:" })';
      throw new ConnectionError(isMissing ? error.message + hint : error.message);
    }
  }

  /** Closes the connection. Closing twice is fine. */
  close(): void {
    this.#exchange?.close();
    this.#exchange = null;
  }

  /**
   * Sends a packet and waits for the reply, which `recv()` returns.
   *
   * @param packet The packet.
   * @throws {ConnectionError} If the connection is over.
   */
  send(packet: Packet): void {
    this.#inbox.push(this.ask(packet));
  }

  /**
   * Returns the next packet: a reply, or an event, for which it waits.
   *
   * @returns The packet.
   * @throws {ConnectionError} If the connection is over.
   */
  recv(): Packet {
    const answer = this.waiting > 0 ? undefined : this.#inbox.shift();
    if (answer !== undefined) return answer;
    let event = this.take_event();
    for (; event === null; event = this.take_event()) this.wait_event(Infinity);
    return new Packet(Op.WATCH_EVENT, `${event.path}\0${event.token}\0`, 0);
  }

  /**
   * Sends a packet, and returns the reply.
   *
   * @param packet The packet.
   * @returns The reply.
   * @throws {ConnectionError} If the connection is over.
   */
  ask({ op, rq_id, tx_id, payload }: Packet): Packet {
    const answer = this.#guard((exchange) => exchange.ask(op, tx_id, [payload]));
    if (typeof answer === "string") return new Packet(Op.ERROR, toBytes(`${answer}\0`), rq_id, tx_id);
    return new Packet(op, answer.slice(), rq_id, tx_id);
  }

  /**
   * Runs calls during which the store may be silent for so long. After that the connection is over. Not in pyxs.
   *
   * @param silence The longest silence in milliseconds.
   * @param run The calls.
   * @throws {ConnectionError} If the connection is over.
   */
  within(silence: number, run: () => void): void {
    this.#open().within(silence, run);
  }

  /**
   * Waits until an event can be taken.
   *
   * @param timeout The longest wait in milliseconds.
   * @returns Whether an event can be taken.
   * @throws {ConnectionError} If the connection is over.
   */
  wait_event(timeout: number): boolean {
    return this.#guard((exchange) => exchange.waitForEvent(timeout));
  }

  /**
   * Resolves if an event may have come, and the event loop runs until then. Not in pyxs.
   *
   * @param pause The longest wait in milliseconds of a transport that is not told of bytes.
   * @param rest The longest wait in milliseconds.
   * @throws {ConnectionError} If the connection is not open.
   */
  async changed(pause: number, rest: number): Promise<void> {
    await this.#open().transport.changed(pause, rest);
  }

  /** Takes the oldest event; `null` if none waits. */
  take_event(): Event | null {
    const event = this.waiting > 0 ? this.#exchange?.takeEvent(0) : null;
    return event ? eventOf(event.path, event.token) : null;
  }

  /** `UnixSocketConnection('/path')`, as Python shows it. */
  toString(): string {
    return `${this.constructor.name}('${this.path}')`;
  }

  #open(): Exchange {
    // Events that came before the end are still delivered.
    if (this.#exchange === null || !this.is_connected && this.waiting === 0) throw new ConnectionError("not connected");
    return this.#exchange;
  }

  #guard<T>(run: (exchange: Exchange) => T): T {
    const exchange = this.#open();
    try {
      return run(exchange);
    } catch (error) {
      if (!(error instanceof XenStoreError)) throw error;
      if (error.code === "EINTR") throw pyxsError("EINTR");
      throw new ConnectionError(`error while talking to '${this.path}': ${error.message}`);
    }
  }
}

/**
 * A connection over the Unix socket of a store: the given one, or the one that libxenstore finds.
 *
 * @example
 * ```ts
 * import { UnixSocketConnection } from "tsxs/pyxs";
 *
 * console.log(`${new UnixSocketConnection("/run/socket")}`); // UnixSocketConnection('/run/socket')
 * ```
 */
export class UnixSocketConnection extends PacketConnection {
  /**
   * Makes a connection that is not open yet.
   *
   * @param path The path of the socket.
   * @param options The transport, and how long to poll.
   * @throws {TypeError} If an option is unknown.
   */
  constructor(path?: string | null, options: BlockingOptions = {}) {
    super(`unix:${path || socketPath()}`, options);
  }
}

/**
 * A connection over the XenBus device: the given one, or that of the platform.
 *
 * @example
 * ```ts
 * import { XenBusConnection } from "tsxs/pyxs";
 *
 * console.log(new XenBusConnection("/dev/xen/xenbus").path); // /dev/xen/xenbus
 * ```
 */
export class XenBusConnection extends PacketConnection {
  /**
   * Makes a connection that is not open yet.
   *
   * @param path The path of the device.
   * @param options The transport, and how long to poll.
   * @throws {TypeError} If an option is unknown.
   */
  constructor(path?: string | null, options: BlockingOptions = {}) {
    super(`xenbus:${path || devicePath()}`, options);
  }
}

function socketPath(): string {
  const first = defaultAddresses().find(({ kind }) => kind !== "embedded");
  return first?.path ?? "/var/run/xenstored/socket";
}

/** Returns the first device of the platform that exists. */
function devicePath(): string {
  const candidates = deviceCandidates();
  return candidates.find((path) => isReadable(path)) ?? candidates.at(-1) ?? "/dev/xen/xenbus";
}

function isReadable(path: string): boolean {
  const { accessSync, constants } = builtin("node:fs");
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
