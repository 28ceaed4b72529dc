// The client: a connection to a store, and everything that can be asked of it.

import { checkedWhole } from "../wire/checks.ts";
import { Operation } from "../wire/operations.ts";
import { DOMID_MAX } from "../wire/permissions.ts";
import { ConnectionError } from "../transport/errors.ts";
import { openTransport } from "../transport/open.ts";
import type { Transport } from "../transport/transport.ts";
import { InvalidPayloadError, XenStoreError } from "../wire/errors.ts";
import { SharedSignals } from "./abort.ts";
import { Connection, type Connector, type ReconnectOptions, type Status } from "./connection.ts";
import { Monitor } from "./monitor.ts";
import { checkedString, type Path, type RequestOptions } from "./arguments.ts";
import { NodeOperations } from "./nodes.ts";
import { booleanReply, numberReply, okReply, textReply } from "./replies.ts";
import { transact, type TransactionBody, type TransactOptions } from "./transact.ts";
import { startTransaction, type Transaction } from "./transaction.ts";
import { type Predicate, waitFor } from "./wait_for.ts";
import type { MonitorOptions } from "./watch.ts";

/**
 * Where a store is: `"unix:/path"`, `"xenbus:/path"`, `"embedded:"`, an open transport, or a function that opens one
 * each time that the client connects. Without one it is looked for: what `XENSTORED_PATH` names, else the socket in
 * `XENSTORED_RUNDIR` or `/var/run/xenstored`, else the platform's XenBus device.
 */
export type StoreAddress = string | Transport | (() => Promise<Transport> | Transport);

/** How a client behaves. */
export interface ClientOptions {
  /**
   * Whether, and how stubbornly, to connect again after the connection was lost; not at all by default. Monitors then
   * go on, told so by an event. Requests that waited have failed, and transactions are over: nothing is repeated.
   */
  readonly reconnect?: boolean | ReconnectOptions;
  /** Told of what becomes of the connection, in a turn of its own. */
  readonly onStatus?: (status: Status) => void;
}

/**
 * A client of a store. One connection serves any number of requests, transactions and monitors at once; requests made
 * in one turn leave together, and replies are matched in whatever order they come.
 *
 * Every method rejects with a {@linkcode XenStoreError}: of the store's error, or a {@linkcode ConnectionError} where
 * the connection is over, of which no request ever waits for ever.
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
export class Client extends NodeOperations implements AsyncDisposable {
  readonly #connection: Connection;
  readonly #signals: SharedSignals;

  /**
   * Makes a client that is not connected yet. Throws a `RangeError` where `reconnect` has attempts or pauses that are
   * none, and a `TypeError` where it is to connect again over a transport that was given open.
   */
  constructor(address?: StoreAddress, { reconnect = false, onStatus = () => {} }: ClientOptions = {}) {
    const policy = reconnect === true ? {} : reconnect === false ? null : reconnect;
    if (policy !== null && typeof address === "object") {
      throw new TypeError("cannot connect again over a transport that is used up: give a function that opens another");
    }
    const signals = new SharedSignals();
    const connection = new Connection(connector(address), policy, onStatus, signals);
    super((request) => connection.request({ ...request, transactionId: 0 }), signals);
    this.#connection = connection;
    this.#signals = signals;
  }

  /** Whether there is a connection, and it lives. */
  get isConnected(): boolean {
    return this.#connection.isConnected;
  }

  /** The address that it is connected to, as it is written; `"transport"` where one was given; `undefined` before. */
  get address(): string | undefined {
    return this.#connection.address;
  }

  /**
   * Connects, unless it is connected. Rejects with a {@linkcode ConnectionError} whose code is the system's (`ENOENT`,
   * `ECONNREFUSED`, `EACCES`) and whose text says what was tried.
   */
  async connect({ signal }: RequestOptions = {}): Promise<this> {
    await this.#connection.open(signal);
    return this;
  }

  /** Ends the connection: its transactions are dropped, its monitors end, what waits fails. Closing twice is fine. */
  async close(): Promise<void> {
    await this.#connection.close();
  }

  /** As {@linkcode close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Starts a transaction. Rejects with ENOSPC where a guest has too many. */
  async transaction(options: RequestOptions = {}): Promise<Transaction> {
    return await startTransaction(this.#connection.router, options);
  }

  /**
   * Runs a function in a transaction and commits it; where it conflicted, waits for a moment and runs it again, in a
   * new one. Resolves with what the function returned. Rejects with what it threw, rolled back, and with a
   * {@linkcode ConflictError} after the last attempt. A function that ended its transaction itself is not run again.
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
    return await transact((start) => this.transaction(start), body, options, this.#signals);
  }

  /** Makes a monitor, which watches nothing yet. Throws a {@linkcode ConnectionError} where there is no connection. */
  monitor(options: MonitorOptions = {}): Monitor {
    const { router } = this.#connection;
    return new Monitor(router, options, (control) => this.#connection.attach(control));
  }

  /**
   * Waits until a predicate accepts a node's value, `null` standing for a node that does not exist, and resolves with
   * that value. It is asked at once, and again each time that the node changes.
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
    return await waitFor(this, path, predicate, options, this.#signals);
  }

  /**
   * Drops all watches and transactions of this connection. Rejects over the XenBus device, where they are the kernel's
   * too.
   */
  async resetWatches(options: RequestOptions = {}): Promise<void> {
    const { router } = this.#connection;
    if (router.traits.shared) {
      throw new XenStoreError("EPERM", "the kernel's own watches on this device would go as well", {
        operation: "RESET_WATCHES",
      });
    }
    // Those that are asked for from now on come after it, and stay.
    const lose = this.#connection.losingWatches();
    await this.#ask(Operation.RESET_WATCHES, [""], okReply, options);
    lose();
    router.noteReset();
  }

  /** The path of a domain's home, `/local/domain/5`, whether or not there is such a domain. */
  async getDomainPath(domid: number, options: RequestOptions = {}): Promise<string> {
    return await this.#ask(Operation.GET_DOMAIN_PATH, [domidText(domid)], textReply, options);
  }

  /** Whether the store speaks with a domain. Rejects with EACCES in a guest. */
  async isDomainIntroduced(domid: number, options: RequestOptions = {}): Promise<boolean> {
    return await this.#ask(Operation.IS_DOMAIN_INTRODUCED, [domidText(domid)], booleanReply, options);
  }

  /**
   * Tells the store to speak with a domain, over the page `gfn` of its memory and its unbound event channel. Domain 0
   * only, as all that follows. Rejects with a `RangeError` for domain 0 and event channel 0.
   */
  async introduceDomain(
    domid: number,
    gfn: number | bigint,
    eventChannel: number,
    options: RequestOptions = {},
  ): Promise<void> {
    const parts = [domidText(domid, 1), whole("gfn", gfn), whole("event channel", eventChannel, 1, 0xffffffff)];
    await this.#ask(Operation.INTRODUCE, parts, okReply, options);
  }

  /** Tells the store to speak with a domain no more, and to remove its nodes. Rejects with ENOENT where it does not. */
  async releaseDomain(domid: number, options: RequestOptions = {}): Promise<void> {
    await this.#ask(Operation.RELEASE, [domidText(domid)], okReply, options);
  }

  /**
   * Tells the store that a domain runs again, so that its next shutdown is told to those who watch `@releaseDomain`.
   */
  async resumeDomain(domid: number, options: RequestOptions = {}): Promise<void> {
    await this.#ask(Operation.RESUME, [domidText(domid)], okReply, options);
  }

  /**
   * Gives a domain all rights that another one, its target, has. Rejects with ENOENT where either is not introduced.
   */
  async setTarget(domid: number, target: number, options: RequestOptions = {}): Promise<void> {
    await this.#ask(Operation.SET_TARGET, [domidText(domid), domidText(target)], okReply, options);
  }

  /**
   * The features of the store, as bits of {@linkcode Feature}, or those that a domain is shown. ENOSYS before Xen 4.22.
   */
  async getFeature(domid?: number, options: RequestOptions = {}): Promise<number> {
    return await this.#ask(Operation.GET_FEATURE, domid === undefined ? [] : [domidText(domid)], numberReply, options);
  }

  /** Sets the features that a domain is shown; only before it is introduced, else EBUSY. ENOSYS before Xen 4.22. */
  async setFeature(domid: number, features: number, options: RequestOptions = {}): Promise<void> {
    const parts = [domidText(domid), whole("features", features, 0, 0xffffffff)];
    await this.#ask(Operation.SET_FEATURE, parts, okReply, options);
  }

  /** The names of the store's quotas. Rejects with ENOSYS before Xen 4.22. */
  getQuota(options?: RequestOptions): Promise<string[]>;
  /**
   * The value of a quota, for all domains or for one; 0 is no limit. Rejects with EINVAL for an unknown name, with
   * ENOENT for an unknown domain, and with ENOSYS before Xen 4.22.
   */
  getQuota(name: string, domid?: number, options?: RequestOptions): Promise<number>;
  async getQuota(
    name: string | RequestOptions = {},
    domid?: number,
    options: RequestOptions = {},
  ): Promise<string[] | number> {
    const operation = Operation.GET_QUOTA;
    if (typeof name !== "string") return (await this.#ask(operation, [], textReply, name)).split(" ").filter(Boolean);
    const parts = [checkedString(name, operation)];
    if (domid !== undefined) parts.unshift(domidText(domid));
    return await this.#ask(operation, parts, numberReply, options);
  }

  /** Sets a quota, for all domains or for one; 0 is no limit. Rejects as {@linkcode getQuota} does. */
  async setQuota(name: string, value: number, domid?: number, options: RequestOptions = {}): Promise<void> {
    const parts = [checkedString(name, Operation.SET_QUOTA), whole("quota", value, 0, 0xfffffffe)];
    if (domid !== undefined) parts.unshift(domidText(domid));
    await this.#ask(Operation.SET_QUOTA, parts, okReply, options);
  }

  /** Sends a command to the store itself, such as `["quota"]` or `["log", "on"]`, and resolves with what it says. */
  async control(command: readonly string[], options: RequestOptions = {}): Promise<string> {
    if (!Array.isArray(command)) {
      throw new InvalidPayloadError(`expected a list of words: got ${typeof command}`, { operation: "CONTROL" });
    }
    const parts = command.map((part) => checkedString(part, Operation.CONTROL));
    return await this.#ask(Operation.CONTROL, parts, textReply, options);
  }

  #ask<T>(
    operation: Operation,
    parts: readonly string[],
    parse: (payload: Uint8Array) => T,
    { signal }: RequestOptions,
  ): Promise<T> {
    return this.#connection.request({ operation, transactionId: 0, parts, parse, signal });
  }
}

/**
 * Makes a client and connects it: `await using store = await connect()`. Rejects as {@linkcode Client.connect} does.
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
  return await new Client(address, options).connect(options);
}

function connector(address: StoreAddress | undefined): Connector {
  if (address === undefined || typeof address === "string") {
    return async (signal) => await openTransport(address, { signal });
  }
  if (typeof address === "function") {
    return async () => {
      try {
        return { transport: await address(), address: "transport" };
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new ConnectionError(`cannot open a transport: ${reason}`, { cause: error });
      }
    };
  }
  let used = false;
  return () => {
    if (used) {
      return Promise.reject(new ConnectionError("the transport was used before: give a function to open another"));
    }
    used = true;
    return Promise.resolve({ transport: address, address: "transport" });
  };
}

function domidText(domid: number, from = 0): string {
  return whole("domid", domid, from, DOMID_MAX);
}

function whole(name: string, value: number | bigint, from = 0, to: number | bigint = 2n ** 64n - 1n): string {
  return `${checkedWhole(name, value, from, to)}`;
}
