// A log of the requests to the daemon and their results.

import { Fifo } from "../../wire/fifo.ts";
import type { Packet } from "../../wire/header.ts";
import { Operation, type OperationName, operationName } from "../../wire/operations.ts";
import { fromBytes } from "../tree/latin1.ts";

/** A request and its result. */
export interface OperationEvent {
  /** The kind of the entry. */
  readonly type: "operation";
  /** When the request was carried out, in milliseconds of the daemon's clock. */
  readonly time: number;
  /** The number of the connection, from 1 in the order in which connections were made. */
  readonly connection: number;
  /** The domain of the connection. */
  readonly domid: number;
  /** The operation, such as `"READ"`, or `"operation 77"` for an unknown number. */
  readonly operation: OperationName | `operation ${number}`;
  /** The id that the client gave the request. */
  readonly requestId: number;
  /** The transaction of the request, 0 for none. */
  readonly transactionId: number;
  /** The path as it was sent, one character for each byte; `undefined` for operations without a path. */
  readonly path: string | undefined;
  /** The payload of the request. */
  readonly request: Uint8Array;
  /** The payload of the reply; `null` if the request failed, or the connection was cut instead. */
  readonly reply: Uint8Array | null;
  /** The name of the error, such as `"ENOENT"`; `null` if the request succeeded. */
  readonly error: string | null;
}

/** Operations were lost here, since the entries before them were not taken in time. */
export interface LogOverflowEvent {
  /** The kind of the entry. */
  readonly type: "overflow";
  /** The number of lost operations. */
  readonly lost: number;
}

/** An entry of a log. */
export type LogEvent = OperationEvent | LogOverflowEvent;

/** Reads a log: an iterator that keeps the entries that were not taken yet. */
export interface LogReader extends AsyncIterableIterator<LogEvent>, AsyncDisposable {
  /** Waits for the next entry. */
  next(): Promise<IteratorResult<LogEvent, undefined>>;
  /** Ends the log, as leaving a loop over it does. Entries that wait are dropped. */
  return(): Promise<IteratorResult<LogEvent, undefined>>;
  /** As {@linkcode LogReader.return}. Disposing twice is fine. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** The options of a log. */
export interface LogOptions {
  /**
   * Ends the log, with the signal's reason.
   *
   * @default undefined
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * The largest number of operations that wait to be taken, from 1.
   *
   * @default 4096
   */
  readonly limit?: number;
}

const DEFAULT_LIMIT = 4096;
const withPath: ReadonlySet<number> = new Set([
  Operation.DIRECTORY,
  Operation.READ,
  Operation.GET_PERMS,
  Operation.WATCH,
  Operation.UNWATCH,
  Operation.WRITE,
  Operation.MKDIR,
  Operation.RM,
  Operation.SET_PERMS,
  Operation.DIRECTORY_PART,
]);

/** Passes every logged operation to all readers. Without a reader it costs nothing. */
export class OperationLog {
  readonly #readers = new Set<Reader>();

  /** Whether there is a reader. */
  get isWanted(): boolean {
    return this.#readers.size > 0;
  }

  /** Adds an operation. */
  add(event: OperationEvent): void {
    for (const reader of this.#readers) reader.push(event);
  }

  /** Starts a reader: it gets what is logged from now on. */
  read({ signal, limit = DEFAULT_LIMIT }: LogOptions): LogReader {
    const reader = new Reader(limit, signal, () => this.#readers.delete(reader));
    if (!signal?.aborted) this.#readers.add(reader);
    return reader;
  }

  /** Ends all readers, after the entries that wait. */
  end(): void {
    for (const reader of this.#readers) reader.end();
  }
}

/** Makes the entry of a request. */
export function operationEvent(
  { type, requestId, transactionId, payload }: Packet,
  context: Pick<OperationEvent, "time" | "connection" | "domid" | "reply" | "error">,
): OperationEvent {
  return {
    type: "operation",
    ...context,
    operation: operationName(type),
    requestId,
    transactionId,
    path: withPath.has(type) ? firstString(payload) : undefined,
    request: new Uint8Array(payload),
  };
}

function firstString(payload: Uint8Array): string {
  const end = payload.indexOf(0);
  return fromBytes(payload, 0, end < 0 ? payload.length : end);
}

interface Waiter {
  resolve(result: IteratorResult<LogEvent, undefined>): void;
  reject(error: unknown): void;
}

/** One reader. */
class Reader implements LogReader {
  readonly #limit: number;
  readonly #signal: AbortSignal | undefined;
  readonly #onEnd: () => void;
  readonly #abort = () => this.end();
  readonly #waiters = new Fifo<Waiter>();
  readonly #events = new Fifo<OperationEvent>();
  #lost = 0;
  #ended = false;

  constructor(limit: number, signal: AbortSignal | undefined, onEnd: () => void) {
    this.#limit = limit;
    this.#signal = signal;
    this.#onEnd = onEnd;
    signal?.addEventListener("abort", this.#abort, { once: true });
  }

  push(event: OperationEvent): void {
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) waiter.resolve({ done: false, value: event });
    // The overflow entry has a place in the order: until a reader takes it, later operations are lost as well.
    else if (this.#lost === 0 && this.#events.length < this.#limit) this.#events.push(event);
    else this.#lost++;
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#signal?.removeEventListener("abort", this.#abort);
    this.#onEnd();
    for (const waiter of this.#waiters.takeAll()) this.#settle(waiter);
  }

  next(): Promise<IteratorResult<LogEvent, undefined>> {
    return new Promise((resolve, reject) => this.#settle({ resolve, reject }));
  }

  return(): Promise<IteratorResult<LogEvent, undefined>> {
    this.#events.takeAll();
    this.#lost = 0;
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #settle(waiter: Waiter): void {
    if (this.#signal?.aborted) return waiter.reject(this.#signal.reason);
    const value = this.#shift();
    if (value !== null) waiter.resolve({ done: false, value });
    else if (this.#ended) waiter.resolve({ done: true, value: undefined });
    else this.#waiters.push(waiter);
  }

  #shift(): LogEvent | null {
    const event = this.#events.shift();
    if (event !== undefined) return event;
    if (this.#lost === 0) return null;
    const lost = this.#lost;
    this.#lost = 0;
    return { type: "overflow", lost };
  }
}
