// A log of what is asked of the daemon and what it answers, for those who want to see it.

import { Fifo } from "../../wire/fifo.ts";
import type { Packet } from "../../wire/header.ts";
import { Operation, type OperationName, operationName } from "../../wire/operations.ts";
import { fromBytes } from "../tree/latin1.ts";

/** A request, and what became of it. */
export interface OperationEvent {
  /** What kind of entry this is. */
  readonly type: "operation";
  /** When it was carried out: milliseconds of the daemon's clock. */
  readonly time: number;
  /** The number of the connection that it came over, from 1 in the order in which they were made. */
  readonly connection: number;
  /** The domain that it came from. */
  readonly domid: number;
  /** What was asked: `"READ"`; `"operation 77"` where the protocol knows none of that number. */
  readonly operation: OperationName | `operation ${number}`;
  /** The number that the client gave it. */
  readonly requestId: number;
  /** The transaction that it belongs to, 0 for none. */
  readonly transactionId: number;
  /** The path that it is about, as it was sent, a character for each byte; `undefined` where it is about none. */
  readonly path: string | undefined;
  /** The request's payload. */
  readonly request: Uint8Array;
  /** The reply's payload; `null` where there was an error, or the connection was cut instead. */
  readonly reply: Uint8Array | null;
  /** The error's name, `"ENOENT"`; `null` where there was none. */
  readonly error: string | null;
}

/** Operations were left out here, because nobody took those before them. */
export interface LogOverflowEvent {
  /** What kind of entry this is. */
  readonly type: "overflow";
  /** How many were left out. */
  readonly lost: number;
}

/** What a log brings. */
export type LogEvent = OperationEvent | LogOverflowEvent;

/** A log while it is read: an iterator that holds what was not taken yet. */
export interface LogReader extends AsyncIterableIterator<LogEvent>, AsyncDisposable {
  /** Waits for the next entry. */
  next(): Promise<IteratorResult<LogEvent, undefined>>;
  /** Ends the log, as leaving a loop over it does: nothing more is logged for it, and what waits is dropped. */
  return(): Promise<IteratorResult<LogEvent, undefined>>;
  /** As {@linkcode LogReader.return}. Doing so twice is fine. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** How to log. */
export interface LogOptions {
  /** Ends the log, with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** How many operations may wait to be taken; 4096 by default. */
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

/** Hands out what is logged to all who listen. It costs nothing while nobody does. */
export class OperationLog {
  readonly #readers = new Set<Reader>();

  /** Whether somebody listens. */
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

  /** Ends all logs, after what waits in them. */
  end(): void {
    for (const reader of this.#readers) reader.end();
  }
}

/** What is logged of a request. */
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

/** One who listens. */
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
    // What is lost is told in its place: until that is reached, what follows is lost as well.
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
