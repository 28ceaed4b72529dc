// A bounded queue between a producer and its consumers, in which the producer never waits.

import { Fifo } from "../wire/fifo.ts";
import type { SharedSignals } from "./abort.ts";

/** An item, or the number of items that were lost at this place, and their origins. */
export type Taken<T> = { readonly item: T } | { readonly lost: number; readonly origins: ReadonlySet<unknown> };

interface Queued<T> {
  readonly key: string;
  readonly item: T;
}

/** A number of lost items. If `of` is set, only consumers that accept this item hear of the loss. */
interface Loss<T> {
  lost: number;
  readonly origins: Set<unknown>;
  readonly of: T | null;
}

interface Waiter<T> {
  readonly taker: unknown;
  readonly accepts: (item: T) => boolean;
  give(taken: Taken<T> | null): void;
  fail(error: unknown): void;
}

/** What a queue needs to know of its items. */
export interface QueueOptions<T> {
  /** The largest number of items that wait, from 1. */
  readonly limit: number;
  /** Tells whether an item is stale. Stale items are dropped if room is needed. */
  readonly isStale: (item: T) => boolean;
  /** Returns the origin of an item, of which there are few. */
  readonly originOf: (item: T) => unknown;
}

/** Items in order. An item whose key is waiting already is not added again. */
export class BoundedQueue<T> {
  readonly #limit: number;
  readonly #isStale: (item: T) => boolean;
  readonly #originOf: (item: T) => unknown;
  readonly #signals: SharedSignals;
  readonly #waiters = new Set<Waiter<T>>();
  readonly #keys = new Set<string>();
  readonly #entries = new Fifo<Queued<T> | Loss<T>>();
  #end: { readonly error: unknown } | null = null;
  /** Whether an item may have become stale since it was looked for. */
  #aged = false;

  /** Makes an empty queue. */
  constructor({ limit, isStale, originOf }: QueueOptions<T>, signals: SharedSignals) {
    this.#limit = limit;
    this.#isStale = isStale;
    this.#originOf = originOf;
    this.#signals = signals;
  }

  /**
   * Adds an item, unless one with the same key waits. If there is no room the item is lost, and its consumer learns of
   * the loss at this place.
   */
  push(key: string, item: T): void {
    if (this.#end !== null || this.#keys.has(key)) return;
    if (this.#keys.size >= this.#limit && this.#aged) this.#dropStale();
    if (this.#keys.size < this.#limit) {
      this.#keys.add(key);
      this.#entries.push({ key, item });
    } else this.#lose(item, null);
    this.#serve();
  }

  /** Notes that items may have become stale. */
  age(): void {
    this.#aged = true;
  }

  /** Ends the queue: consumers take the items that wait, then `null`, or the error if one is given. */
  end(error?: unknown): void {
    this.#end ??= { error };
    this.#serve();
  }

  /**
   * Takes the next item that is accepted, without a wait, and drops the items before it. Returns `null` if no item
   * waits.
   */
  poll(accepts: (item: T) => boolean): Taken<T> | null {
    return this.#entries.length === 0 ? null : this.#shift(accepts);
  }

  /**
   * Takes the next item that is accepted, and drops the items before it. Returns `null` after the end.
   *
   * Waits for an item until the signal is aborted, or until {@linkcode leave} is called for the same taker, which gives
   * `null` as well.
   */
  take(accepts: (item: T) => boolean, signal?: AbortSignal, taker?: unknown): Promise<Taken<T> | null> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const waiter: Waiter<T> = {
        taker,
        accepts,
        give: (taken) => (release(), resolve(taken)),
        fail: (error) => (release(), reject(error)),
      };
      const release = signal === undefined ? () => {} : this.#signals.add(signal, () => {
        this.#waiters.delete(waiter);
        reject(signal.reason);
      });
      this.#waiters.add(waiter);
      this.#serve();
    });
  }

  /** Ends the waits of a taker. */
  leave(taker: unknown): void {
    for (const waiter of this.#waiters) {
      if (waiter.taker === taker && this.#waiters.delete(waiter)) waiter.give(null);
    }
  }

  /** Counts an item as lost, at the end of the entries. Only consumers that accept `of` hear of it, if `of` is set. */
  #lose(item: T, of: T | null): void {
    const last = this.#entries.at(-1);
    const origin = this.#originOf(item);
    if (last !== undefined && "lost" in last && (last.of === null) === (of === null)) {
      last.lost++;
      last.origins.add(origin);
    } else this.#entries.push({ lost: 1, of, origins: new Set([origin]) });
  }

  /** Makes room. A consumer that accepts stale items learns how many were dropped. */
  #dropStale(): void {
    for (const entry of this.#entries.takeAll()) {
      if ("lost" in entry || !this.#isStale(entry.item)) this.#entries.push(entry);
      else {
        this.#keys.delete(entry.key);
        this.#lose(entry.item, entry.item);
      }
    }
    this.#aged = false;
  }

  /** Gives each waiting consumer the next item that it accepts. */
  #serve(): void {
    for (const waiter of this.#waiters) {
      const taken = this.#shift(waiter.accepts);
      if (taken === null && this.#end === null) return;
      this.#waiters.delete(waiter);
      if (taken === null && this.#end?.error !== undefined) waiter.fail(this.#end.error);
      else waiter.give(taken);
    }
  }

  #shift(accepts: (item: T) => boolean): Taken<T> | null {
    for (let entry = this.#entries.shift(); entry !== undefined; entry = this.#entries.shift()) {
      if (!("lost" in entry)) this.#keys.delete(entry.key);
      const decisive = "lost" in entry ? entry.of : entry.item;
      if (decisive === null || accepts(decisive)) return entry;
    }
    return null;
  }
}
