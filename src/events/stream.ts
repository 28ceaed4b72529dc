// Events as an async iterator, with a bounded number of events that wait.

import type { TsxsEvent } from "./classes.ts";

/** Events were lost here, since the reader did not take the events before them in time. */
export interface EventOverflow {
  /** The kind of the item. */
  readonly type: "overflow";
  /** No class: this item stands for events of any class. */
  readonly class: 0;
  /** The number of lost events. */
  readonly lost: number;
}

/** The options of a stream of events. */
export interface EventStreamOptions {
  /**
   * Ends the stream, with the signal's reason.
   *
   * @default undefined
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * The largest number of events that wait to be taken, from 1.
   *
   * @default 4096
   */
  readonly limit?: number;
}

/** An async iterator of events. Leaving its loop ends it. */
export interface EventIterator extends AsyncIterableIterator<TsxsEvent | EventOverflow> {
  /** Waits for the next event. */
  next(): Promise<IteratorResult<TsxsEvent | EventOverflow, undefined>>;
  /** Ends the stream. Events that wait are dropped. */
  return(): Promise<IteratorResult<TsxsEvent | EventOverflow, undefined>>;
}

/** The default of {@linkcode EventStreamOptions.limit}. */
export const DEFAULT_LIMIT = 4096;

type Item = TsxsEvent | EventOverflow;
type Result = IteratorResult<Item, undefined>;

interface Waiter {
  resolve(result: Result): void;
  reject(error: unknown): void;
}

const END: Result = { done: true, value: undefined };

/** The events that wait for one reader. */
export class EventStream implements EventIterator {
  readonly #limit: number;
  readonly #signal: AbortSignal | undefined;
  readonly #onEnd: () => void;
  readonly #abort = () => this.end();
  /** Two lists make a queue: events are added to one, and taken from the other by index. */
  #added: TsxsEvent[] = [];
  #taken: TsxsEvent[] = [];
  #index = 0;
  #lost = 0;
  #ended = false;
  #waiters: Set<Waiter> = new Set();

  /** Makes a stream. `onEnd` is called once when the stream takes no more events. */
  constructor(onEnd: () => void, { signal, limit = DEFAULT_LIMIT }: EventStreamOptions) {
    this.#limit = limit;
    this.#signal = signal;
    this.#onEnd = onEnd;
    this.#ended = signal?.aborted === true;
    signal?.addEventListener("abort", this.#abort, { once: true });
  }

  /** Adds an event. Without room, the event and all later ones are lost until the reader has taken the others. */
  push(event: TsxsEvent): void {
    if (this.#ended) return;
    const [waiter] = this.#waiters;
    if (waiter !== undefined) {
      this.#waiters.delete(waiter);
      waiter.resolve({ done: false, value: event });
    } else if (this.#lost > 0 || this.#length >= this.#limit) this.#lost++;
    else this.#added.push(event);
  }

  /** Ends the stream after the events that wait, or with the signal's reason. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#signal?.removeEventListener("abort", this.#abort);
    this.#onEnd();
    const waiters = this.#waiters;
    this.#waiters = new Set();
    for (const waiter of waiters) this.#settle(waiter);
  }

  /** Takes the next event, and waits for it. */
  next(): Promise<Result> {
    return new Promise((resolve, reject) => this.#settle({ resolve, reject }));
  }

  /** Ends the stream. Events that wait are dropped. */
  return(): Promise<Result> {
    this.#added = [];
    this.#taken = [];
    this.#index = 0;
    this.#lost = 0;
    this.end();
    return Promise.resolve(END);
  }

  /** Returns the stream itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  get #length(): number {
    return this.#added.length + this.#taken.length - this.#index;
  }

  #settle(waiter: Waiter): void {
    if (this.#signal?.aborted) return waiter.reject(this.#signal.reason);
    const value = this.#shift();
    if (value !== undefined) waiter.resolve({ done: false, value });
    else if (this.#ended) waiter.resolve(END);
    else this.#waiters.add(waiter);
  }

  #shift(): Item | undefined {
    if (this.#index >= this.#taken.length) {
      this.#taken = this.#added;
      this.#added = [];
      this.#index = 0;
    }
    const event = this.#taken[this.#index];
    if (event !== undefined) {
      this.#index++;
      return event;
    }
    if (this.#lost === 0) return undefined;
    const lost = this.#lost;
    this.#lost = 0;
    return { type: "overflow", class: 0, lost };
  }
}
