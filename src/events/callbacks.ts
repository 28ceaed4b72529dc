// The callbacks of one object, by handle, and the delivery of an event to them.

import type { EventBit, TsxsEvent } from "./classes.ts";

/**
 * Takes an event of an object.
 *
 * @param event The event.
 * @param handle The handle of the callback.
 * @param source The object.
 */
export type EventCallback<S> = (event: TsxsEvent, handle: number, source: S) => void;

/** A callback as the object registers it. */
export type Listener = (event: TsxsEvent, handle: number) => void;

interface Entry {
  readonly callback: Listener;
  readonly mask: number;
}

const BITS = 10;

/** Callbacks in the order of their registration. Handles are whole numbers from 1 that are never used again. */
export class Callbacks {
  readonly #entries = new Map<number, Entry>();
  /** The number of callbacks of each class. */
  readonly #counts = new Array<number>(BITS).fill(0);
  #next = 1;
  #mask = 0;

  /** The classes that have a callback. */
  get mask(): number {
    return this.#mask;
  }

  /** Adds a callback for the classes of a mask. Returns its handle. */
  add(callback: Listener, mask: number): number {
    const handle = this.#next++;
    this.#entries.set(handle, { callback, mask });
    this.#count(mask, 1);
    return handle;
  }

  /** Deletes a callback. An unknown handle is ignored. */
  delete(handle: number): void {
    const entry = this.#entries.get(handle);
    if (entry === undefined) return;
    this.#entries.delete(handle);
    this.#count(entry.mask, -1);
  }

  /** Deletes all callbacks. */
  clear(): void {
    this.#entries.clear();
    this.#counts.fill(0);
    this.#mask = 0;
  }

  /**
   * Calls the callbacks of an event's class, in the order of their registration.
   *
   * A callback that is deleted by an earlier one is not called. A callback that is added by one is called for the next
   * event. `onError` takes what a callback throws, or rejects with.
   */
  deliver(event: TsxsEvent, onError: (error: unknown, handle: number) => void): void {
    const end = this.#next;
    // A Map's iterator skips entries that are deleted, and reaches those that are added.
    for (const [handle, { callback, mask }] of this.#entries) {
      if (handle >= end) return;
      if ((mask & event.class) === 0) continue;
      try {
        const result: unknown = callback(event, handle);
        if (result instanceof Promise) result.catch((error: unknown) => onError(error, handle));
      } catch (error) {
        onError(error, handle);
      }
    }
  }

  /** Tells whether a class has a callback. */
  has(bit: EventBit): boolean {
    return (this.#mask & bit) !== 0;
  }

  #count(mask: number, change: 1 | -1): void {
    for (let i = 0; i < BITS; i++) {
      if ((mask & 1 << i) === 0) continue;
      const count = this.#counts[i] = (this.#counts[i] ?? 0) + change;
      if (count === 0) this.#mask &= ~(1 << i);
      else this.#mask |= 1 << i;
    }
  }
}
