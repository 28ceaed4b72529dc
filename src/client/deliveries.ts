// The iterator over a monitor's events: takes them from the queue, and reads values for the watches that want them.

import type { BoundedQueue, Taken } from "./queue.ts";
import type { Arrival, WaitOptions, Watch } from "./watch.ts";
import type { ChangeEvent, MonitorEvent, ResyncEvent } from "./watch_events.ts";
import type { ValueReader, WatchedValues } from "./watched_values.ts";

/** What an iterator needs of its monitor. */
export interface DeliverySource {
  /** The events that wait. */
  readonly queue: BoundedQueue<Arrival, Watch | null>;
  /** The watches that exist now. */
  watches(): readonly Watch[];
  /** Waits for a promise, at most until the signal is aborted. */
  wait(promise: Promise<unknown>, signal: AbortSignal | undefined): Promise<unknown>;
  /** Reads the value of a node; `null` if the node does not exist, or if a guest may not know. */
  read(path: string, signal: AbortSignal | undefined): Promise<Uint8Array | null>;
}

/** The events of a monitor, for one loop. */
export class Deliveries implements AsyncIterableIterator<MonitorEvent> {
  readonly #source: DeliverySource;
  readonly #signal: AbortSignal | undefined;
  readonly #unwatched: boolean;
  readonly #reader: ValueReader;
  /** The event that follows the one delivered last. */
  #following: ResyncEvent | null = null;
  #done = false;

  /** Makes the iterator. */
  constructor(source: DeliverySource, { unwatched = false, signal }: WaitOptions) {
    this.#source = source;
    this.#signal = signal;
    this.#unwatched = unwatched;
    this.#reader = { read: (path) => source.read(path, signal), wait: (turn) => source.wait(turn, signal) };
  }

  /** Waits for the next event. */
  async next(): Promise<IteratorResult<MonitorEvent, undefined>> {
    const following = this.#following;
    this.#following = null;
    if (following !== null && !this.#done) return { done: false, value: following };
    for (;;) {
      const taken = this.#poll() ??
        (this.#done ? null : await this.#source.queue.take(this.#unwatched, this.#signal, this));
      if (taken === null) return { done: true, value: undefined };
      const told = this.#eventOf(taken);
      const event = told instanceof Promise ? await told : told;
      if (event !== null) return { done: false, value: event };
    }
  }

  /** Ends the iterator, and leaves the monitor as it is. */
  return(): Promise<IteratorResult<MonitorEvent, undefined>> {
    this.#done = true;
    this.#source.queue.leave(this);
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Returns the iterator itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Takes an event that waits: a promise for each would take most of the time of a burst of events. */
  #poll(): Taken<Arrival, Watch | null> | null {
    return this.#done || this.#signal?.aborted ? null : this.#source.queue.poll(this.#unwatched);
  }

  /** Returns the event to deliver; `null` if there is nothing to tell. */
  #eventOf(taken: Taken<Arrival, Watch | null>): MonitorEvent | Promise<MonitorEvent | null> {
    if ("lost" in taken) {
      this.#following = this.#resyncAfter(taken.origins);
      return { type: "overflow", lost: taken.lost };
    }
    const { event, watch } = taken.item;
    if (event.type === "reconnected") this.#following = resync(this.#source.watches());
    if (event.type !== "change" || watch === null || watch.values === null) return event;
    return this.#valueOf(event, watch, watch.values);
  }

  /** Tells which watches lost events. If the notice of a reconnection was lost, all watches are concerned. */
  #resyncAfter(origins: ReadonlySet<Watch | null>): ResyncEvent {
    const watches = this.#source.watches();
    const losers = watches.filter((watch) => origins.has(watch));
    for (const { values } of losers) values?.forget();
    return resync(origins.has(null) ? watches : losers);
  }

  async #valueOf({ path }: ChangeEvent, watch: Watch, values: WatchedValues): Promise<MonitorEvent | null> {
    try {
      return await values.next(path, this.#reader);
    } catch (error) {
      // The value was not delivered: the next loop reads it again.
      if (this.#signal?.aborted) watch.redeliver(path);
      throw error;
    }
  }
}

function resync(watches: readonly Watch[]): ResyncEvent {
  return { type: "resync", watches: watches.map(({ path, token }) => ({ path, token })) };
}
