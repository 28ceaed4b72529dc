// The client: a connection to a store, its transactions and its monitors.

import type { Progress } from "../events/progress.ts";
import { refuseClones } from "../transport/uncloneable.ts";
import { Operation } from "../wire/operations.ts";
import { environmentBackend, formatAddress, parseBackend } from "../transport/address.ts";
import { checkPoll } from "../transport/poll_option.ts";
import { requestChannels } from "../transport/diagnostics.ts";
import { checkOptions, type OptionNames } from "../wire/checks.ts";
import { XenStoreError } from "../wire/errors.ts";
import { SharedSignals } from "./abort.ts";
import { Connection, type ReconnectOptions } from "./connection.ts";
import { Monitor } from "./monitor.ts";
import { NO_OPTIONS, type Path, REQUEST_OPTIONS, type RequestOptions, signalOf } from "./arguments.ts";
import { okReply } from "./replies.ts";
import { connector, type StoreAddress } from "./store_address.ts";
import { ReportingClient } from "./reporting.ts";
import type { Status } from "./status.ts";
import { type LongOperation, Tracer } from "./tracer.ts";
import { transact, type TransactionBody, type TransactOptions } from "./transact.ts";
import { startTransaction, type Transaction } from "./transaction.ts";
import type { Follow } from "./unawaited.ts";
import { type Predicate, waitFor } from "./wait_for.ts";
import type { MonitorOptions } from "./watch.ts";

/** The options of a client. */
export interface ClientOptions {
  /**
   * Whether the client connects again after the connection is lost, and with which pauses.
   *
   * Monitors go on after an event that tells of the reconnection. Pending requests fail and transactions end: the
   * client repeats nothing.
   *
   * @default false
   */
  readonly reconnect?: boolean | ReconnectOptions;
  /**
   * Called asynchronously whenever the connection status changes.
   *
   * @default a function that does nothing
   */
  readonly onStatus?: (status: Status) => void;
  /**
   * How long the event loop polls for a reply before it sleeps, in microseconds: from 0 to 1,000,000.
   *
   * A reply that comes while the loop polls is received sooner, since nothing has to wake the loop up. The time counts
   * from the last request, and ends with the last reply. Timers and other connections proceed. Polling occupies a CPU,
   * so it pays if the store has another one.
   *
   * The client does not poll with one available CPU, after {@linkcode Client.unref}, over the XenBus device, with an
   * embedded store, or on Deno without `--allow-ffi`.
   *
   * @default 0
   */
  readonly poll?: number;
}

/**
 * A client of a store.
 *
 * One connection serves any number of concurrent requests, transactions and monitors. Requests made in one turn of the
 * event loop leave in one write, and replies are matched by id in any order.
 *
 * Every failure is a {@linkcode XenStoreError}: the error that the store sent, or a {@linkcode ConnectionError} if the
 * connection is over. No request hangs after the connection is lost.
 *
 * @example
 * ```ts
 * import { Client } from "tsxs";
 *
 * const store = new Client();
 * await store.connect();
 * await store.write("/tool/example", "hello");
 * console.log(await store.readText("/tool/example"), await store.list("/tool"));
 * await store.close();
 * ```
 */
export class Client extends ReportingClient implements AsyncDisposable {
  readonly #connection: Connection;
  readonly #signals: SharedSignals;
  readonly #tracer: Tracer;
  readonly #poll: number;
  #backend: string | null;
  /** The channels on which requests are published, while they are loaded and after that. */
  #channels: Promise<void> | null = null;

  /**
   * Makes a client that is not connected yet.
   *
   * @param address The address of the store. Without it, the client searches for the store when it connects.
   * @param options Whether the client connects again and polls, and a callback for its status.
   * @throws {RangeError} If `reconnect.attempts`, `reconnect.backoff` or `poll` is invalid.
   * @throws {TypeError} If `reconnect` is set and `address` is an open transport, which cannot be opened again.
   * @throws {TypeError} If `poll` is set and `address` is a transport, or a function that opens one.
   */
  constructor(address?: StoreAddress, options: ClientOptions = {}) {
    checkOptions("Client", options, CLIENT_OPTIONS);
    const { reconnect = false, onStatus = () => {}, poll = 0 } = options;
    checkPoll(poll);
    const policy = reconnect === true ? {} : reconnect === false ? null : reconnect;
    if (policy !== null && typeof address === "object") {
      throw new TypeError("cannot reconnect over an open transport: give a function that opens a transport");
    }
    if (poll > 0 && address !== undefined && typeof address !== "string") {
      throw new TypeError("cannot poll over a transport of your own: give an address, or leave poll out");
    }
    const signals = new SharedSignals();
    super({
      sender: {
        request: (request) => this.#connection.request(request),
        send: (request, handler) => this.#connection.send(request, handler),
      },
      transactionId: 0,
      signals,
      track: (operation) => this.#tracer.track(operation),
    });
    this.#tracer = new Tracer(this.reporter);
    this.#connection = new Connection(connector(address, poll), { policy, onStatus, signals, tracer: this.#tracer });
    this.#signals = signals;
    this.#poll = poll;
    this.#backend = typeof address === "string" || address === undefined ? address ?? null : "transport";
    refuseClones(this);
  }

  /** Whether the client has a connection. */
  get isConnected(): boolean {
    return this.#connection.isConnected;
  }

  /**
   * The address of the connection. It is `"transport"` for a transport of the caller, and `undefined` before the first
   * connection.
   */
  get address(): string | undefined {
    return this.#connection.address;
  }

  /**
   * Names the store to connect to, in place of the address of the constructor.
   *
   * @param backend `unix:PATH`, `xenbus:PATH`, `embedded:`, `embedded:NAME`, `appliance` for a new embedded store, or
   *   `live` to search.
   * @throws {TypeError} If the backend has another form.
   * @throws {RangeError} If the client is connected, or connects.
   *
   * @example
   * ```ts
   * import { Client } from "tsxs";
   *
   * const store = new Client();
   * store.setBackend("appliance");
   * await store.connect();
   * console.log(store.getBackend(), store.address); // appliance embedded:
   * await store.close();
   * ```
   */
  setBackend(backend: string): void {
    const address = parseBackend(backend, "setBackend");
    this.#connection.setConnector(connector(address === null ? undefined : formatAddress(address), this.#poll));
    this.#backend = backend;
  }

  /**
   * Returns the backend: what was set, the address of the constructor, or the backend of the environment.
   *
   * @returns The backend. `"live"` stands for a search, `"transport"` for a transport of the caller.
   * @throws {TypeError} If the backend of the environment is invalid.
   */
  getBackend(): string {
    return this.#backend ?? environmentBackend()?.text ?? "live";
  }

  /**
   * Connects, unless the client is connected.
   *
   * Waits at most 30 seconds if the store is busy and accepts no connection.
   *
   * @param options The signal that ends the attempt.
   * @returns The client.
   * @throws {ConnectionError} If no store can be reached. `code` is that of the system (`ENOENT`, `ECONNREFUSED`,
   *   `EACCES`; `EAGAIN` if the store stayed busy), and the text lists the attempts.
   */
  async connect(options: RequestOptions = {}): Promise<this> {
    checkOptions("connect", options, REQUEST_OPTIONS);
    this.#tracer.enter("connect");
    this.#channels ??= requestChannels().then((channels) => void (this.#tracer.channels = channels));
    await this.#connection.open(options.signal);
    await this.#channels;
    return this;
  }

  /**
   * Closes the connection. Its transactions are dropped, its monitors end and pending requests fail. Closing twice is
   * fine.
   *
   * Only the XenBus device waits for the store: nothing cancels a read of the device. If the store sends nothing for 5
   * seconds, the client counts as closed, and the device is closed with the next reply.
   *
   * @param options The signal that ends the wait, but not the closing.
   */
  async close(options: RequestOptions = NO_OPTIONS): Promise<void> {
    checkOptions("close", options, REQUEST_OPTIONS);
    this.#tracer.enter("close");
    this.closeReporting();
    await this.#signals.wait(this.#connection.close(), options.signal);
  }

  /**
   * Lets the process exit while the client is connected, also if a request or an event is awaited.
   *
   * The client works on as long as something else keeps the process alive. Reconnections change nothing. A client of
   * an embedded store never keeps the process alive. Over the XenBus device, the client then looks for events every
   * 100 ms. A transport of your own needs an `unref()`.
   *
   * @example
   * ```ts
   * import { connect } from "tsxs";
   *
   * const store = await connect();
   * console.log(await store.exists("/tool")); // true
   * store.unref(); // the program ends here, although the client is open
   * ```
   */
  unref(): void {
    this.#connection.hold(false);
  }

  /** Lets the client keep the process alive while it is connected, as it does at first. */
  ref(): void {
    this.#connection.hold(true);
  }

  /** As {@linkcode close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /**
   * Starts a transaction.
   *
   * @param options The signal that ends the wait.
   * @returns The transaction, which is open.
   * @throws {XenStoreError} If a guest has too many transactions: ENOSPC.
   */
  async transaction(options: RequestOptions = NO_OPTIONS): Promise<Transaction> {
    return await startTransaction(this.#connection.router, options);
  }

  /**
   * Runs a function in a transaction, commits, and tries again if the transaction conflicted.
   *
   * Each attempt runs the function in a new transaction, after a random pause that grows. An attempt also fails if the
   * domain has too many open transactions (ENOSPC, on oxenstored EQUOTA), or if a request in the transaction fails with
   * EAGAIN, as after a transaction of tsxs's daemon has expired. The transaction is rolled back if the function throws.
   * A function that ends its transaction itself is not run again.
   *
   * Await every request of the transaction. The commit waits for requests that the function did not await. If one of
   * them fails, the transaction is rolled back, and that error is reported. An error that `catch()` of the request
   * handles does not count. Await functions and `Promise.all()` as well: JavaScript does not tell whether anything
   * handles the error of a request that they await, so that an error may reach the process as an unhandled rejection.
   *
   * @param body The function to run, with the transaction and the number of the attempt, from 1.
   * @param options How many attempts are made, the pauses between them, and the signal that ends the wait.
   * @returns The result of the function.
   * @throws {ConflictError} If the last attempt conflicted.
   * @throws {XenStoreError} If the domain had too many open transactions at the last attempt: ENOSPC, on oxenstored
   *   EQUOTA.
   * @throws {RangeError} If `attempts` or `backoff` is invalid.
   *
   * @example
   * ```ts
   * import { connect } from "tsxs";
   *
   * await using store = await connect();
   * const count = await store.transact(async (transaction) => {
   *   const next = Number(await transaction.readText("/tool/count", { default: "0" })) + 1;
   *   await transaction.write("/tool/count", `${next}`);
   *   return next;
   * });
   * console.log(count);
   * ```
   */
  async transact<T>(body: TransactionBody<T>, options: TransactOptions = {}): Promise<T> {
    this.#tracer.enter("transact");
    const start = async (request: RequestOptions, follow: Follow) =>
      await startTransaction(this.#connection.router, request, follow);
    return await transact(start, body, options, this.#signals);
  }

  /**
   * Starts to report the progress of a long operation that another room runs; `null` if nothing listens.
   *
   * @internal
   */
  track(operation: LongOperation): Progress | null {
    return this.#tracer.track(operation);
  }

  /**
   * Makes a monitor that watches nothing yet.
   *
   * @param options How many events may wait.
   * @returns The monitor.
   * @throws {ConnectionError} If the client is not connected.
   * @throws {RangeError} If `limit` is not a whole number from 1.
   */
  monitor(options: MonitorOptions = {}): Monitor {
    const { router } = this.#connection;
    return new Monitor(router, options, (control) => this.#connection.attach(control));
  }

  /**
   * Waits until a predicate accepts the value of a node.
   *
   * The predicate runs immediately and again after every change of the node. It gets `null` if the node does not exist.
   * If the client reconnects, the wait goes on over the new connection.
   *
   * A node that a guest may not read counts as missing if the store does not tell whether it exists: see
   * {@linkcode exists}. The predicate runs again when the guest may read the node.
   *
   * @param path The node, which need not exist.
   * @param predicate Decides whether the value is the expected one.
   * @param options The signal that ends the wait.
   * @returns The value that the predicate accepted.
   * @throws {ConnectionError} If the connection is lost for good, or the client is closed.
   * @throws {XenStoreError} If the node exists, and a guest may not read it: EACCES.
   *
   * @example
   * ```ts
   * import { connect } from "tsxs";
   *
   * await using store = await connect();
   * const ready = store.waitFor("/tool/ready", (value) => value !== null, { signal: AbortSignal.timeout(5000) });
   * await store.write("/tool/ready", "1");
   * console.log(await ready);
   * ```
   */
  async waitFor(path: Path, predicate: Predicate, options: RequestOptions = {}): Promise<Uint8Array | null> {
    this.#tracer.enter("waitFor");
    return await waitFor(this, path, predicate, options, this.#signals);
  }

  /**
   * Drops all watches and transactions of this connection.
   *
   * @param options The signal that ends the wait.
   * @throws {XenStoreError} If the client uses the XenBus device, which would drop the watches of the kernel as well:
   *   EPERM.
   */
  async resetWatches(options: RequestOptions = NO_OPTIONS): Promise<void> {
    const signal = signalOf(Operation.RESET_WATCHES, options);
    const { router } = this.#connection;
    if (router.traits.shared) {
      throw new XenStoreError("EPERM", "the kernel's own watches on this device would go as well", {
        operation: "RESET_WATCHES",
      });
    }
    // Watches that are requested from now on reach the store after the reset, and stay.
    const lose = this.#connection.losingWatches();
    const request = { operation: Operation.RESET_WATCHES, transactionId: 0, parts: [""], parse: okReply };
    await this.#connection.request({ ...request, signal });
    lose();
    router.noteReset();
  }
}

/**
 * Makes a client and connects it.
 *
 * Waits at most 30 seconds if the store is busy and accepts no connection.
 *
 * @param address The address of the store. Without it, the client searches for the store.
 * @param options The options of the client, and the signal that ends the attempt.
 * @returns The connected client.
 * @throws {ConnectionError} If no store can be reached.
 * @throws {RangeError} If `reconnect.attempts`, `reconnect.backoff` or `poll` is invalid.
 * @throws {TypeError} If `poll` is set and `address` is a transport, or a function that opens one.
 *
 * @example
 * ```ts
 * import { connect } from "tsxs";
 *
 * await using store = await connect("embedded:");
 * console.log(store.address); // embedded:
 * ```
 */
export async function connect(
  address?: StoreAddress,
  options: ClientOptions & RequestOptions = {},
): Promise<Client> {
  checkOptions("connect", options, CONNECT_OPTIONS);
  const { signal, ...own } = options;
  return await new Client(address, own).connect({ signal });
}

const CLIENT_OPTIONS: OptionNames<ClientOptions> = { reconnect: true, onStatus: true, poll: true };
const CONNECT_OPTIONS: OptionNames<ClientOptions & RequestOptions> = {
  ...CLIENT_OPTIONS,
  ...REQUEST_OPTIONS,
};
