// A bounded queue between a producer and its consumers, in which the producer never waits.

import { Fifo } from "../wire/fifo.ts";
import type { SharedSignals } from "./abort.ts";
import { type Loss, LostOrigins } from "./losses.ts";

/** An item, or the number of items that were lost at this place, and those of their origins that are not gone. */
export type Taken<T, O> = { readonly item: T } | { readonly lost: number; readonly origins: ReadonlySet<O> };

interface Queued<T> {
  readonly key: string;
  readonly item: T;
}

interface Waiter<T, O> {
  readonly taker: unknown;
  readonly takesStale: boolean;
  give(taken: Taken<T, O> | null): void;
  fail(error: unknown): void;
}

/** What a queue needs to know of its items. */
export interface QueueOptions<T, O> {
  /** The largest number of items that wait, from 1. */
  readonly limit: number;
  /** Returns the origin of an item. */
  readonly originOf: (item: T) => O;
  /** Tells whether an origin is gone. Its items are stale then, and are dropped if room is needed. */
  readonly isGone: (origin: O) => boolean;
}

/**
 * Items in order. An item whose key is waiting already is not added again.
 *
 * The queue holds at most `limit` items, and at most one loss before each item and after the last item.
 */
export class BoundedQueue<T, O> {
  readonly #limit: number;
  readonly #originOf: (item: T) => O;
  readonly #isGone: (origin: O) => boolean;
  readonly #signals: SharedSignals;
  readonly #waiters = new Set<Waiter<T, O>>();
  readonly #keys = new Set<string>();
  readonly #entries = new Fifo<Queued<T> | Loss>();
  readonly #lostOrigins: LostOrigins<O>;
  #end: { readonly error: unknown } | null = null;
  /** Whether a stale item may wait. */
  #aged = false;

  /** Makes an empty queue. */
  constructor({ limit, originOf, isGone }: QueueOptions<T, O>, signals: SharedSignals) {
    this.#limit = limit;
    this.#originOf = originOf;
    this.#isGone = isGone;
    this.#signals = signals;
    this.#lostOrigins = new LostOrigins(limit);
  }

  /** How much memory the queue takes: its items and losses, and the origins that it keeps for its losses. */
  get size(): { readonly entries: number; readonly origins: number } {
    return { entries: this.#entries.length, origins: this.#lostOrigins.size };
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
      this.#aged ||= this.#isStale(item);
    } else this.#lose(item);
    this.#serve();
  }

  /** Notes that an origin is gone. */
  forget(origin: O): void {
    this.#aged = true;
    this.#lostOrigins.forget(origin);
  }

  /** Ends the queue: consumers take the items that wait, then `null`, or the error if one is given. */
  end(error?: unknown): void {
    this.#end ??= { error };
    this.#serve();
  }

  /**
   * Takes the next item or loss, without a wait. Returns `null` if none waits. Unless stale items are taken, those
   * before it are dropped.
   */
  poll(takesStale: boolean): Taken<T, O> | null {
    return this.#entries.length === 0 ? null : this.#shift(takesStale);
  }

  /**
   * Takes the next item or loss. Returns `null` after the end. Unless stale items are taken, those before it are
   * dropped.
   *
   * Waits for an item until the signal is aborted, or until {@linkcode leave} is called for the same taker, which gives
   * `null` as well.
   */
  take(takesStale: boolean, signal?: AbortSignal, taker?: unknown): Promise<Taken<T, O> | null> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const waiter: Waiter<T, O> = {
        taker,
        takesStale,
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

  #isStale(item: T): boolean {
    return this.#isGone(this.#originOf(item));
  }

  /** Counts an item as lost, at the end of the entries. */
  #lose(item: T): void {
    const last = this.#entries.at(-1);
    const isLoss = last !== undefined && "lost" in last;
    const loss = isLoss ? last : { lost: 0, stale: 0 };
    if (!isLoss) this.#entries.push(loss);
    const origin = this.#originOf(item);
    if (this.#isGone(origin)) loss.stale++;
    else {
      loss.lost++;
      this.#lostOrigins.note(loss, origin);
    }
  }

  /** Makes room, and merges the losses that no item separates any more. */
  #dropStale(): void {
    const merged = new Map<Loss, Loss>();
    for (const entry of this.#entries.takeAll()) {
      if ("lost" in entry) this.#append(entry, merged);
      else if (!this.#isStale(entry.item)) this.#entries.push(entry);
      else {
        this.#keys.delete(entry.key);
        this.#lose(entry.item);
      }
    }
    this.#lostOrigins.replace(merged);
    this.#aged = false;
  }

  /** Appends a loss, or adds it to the loss at the end. */
  #append(loss: Loss, merged: Map<Loss, Loss>): void {
    const last = this.#entries.at(-1);
    if (last === undefined || !("lost" in last)) return this.#entries.push(loss);
    last.lost += loss.lost;
    last.stale += loss.stale;
    merged.set(loss, last);
  }

  /** Gives each waiting consumer the next item that it accepts. */
  #serve(): void {
    for (const waiter of this.#waiters) {
      const taken = this.#shift(waiter.takesStale);
      if (taken === null && this.#end === null) return;
      this.#waiters.delete(waiter);
      if (taken === null && this.#end?.error !== undefined) waiter.fail(this.#end.error);
      else waiter.give(taken);
    }
  }

  #shift(takesStale: boolean): Taken<T, O> | null {
    for (let entry = this.#entries.shift(); entry !== undefined; entry = this.#entries.shift()) {
      if ("lost" in entry) {
        const origins = this.#lostOrigins.take(entry);
        const lost = entry.lost + (takesStale ? entry.stale : 0);
        if (lost > 0) return { lost, origins };
      } else {
        this.#keys.delete(entry.key);
        if (takesStale || !this.#isStale(entry.item)) return entry;
      }
    }
    return null;
  }
}
