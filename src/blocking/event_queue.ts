// The events of a connection that were received and not taken yet, the oldest first.

import { Fifo } from "../wire/fifo.ts";

/** An event as it was received: the bytes of its strings, one character each. */
export interface RawEvent {
  readonly path: string;
  readonly token: string;
}

/** A queue in memory for the waiting events alone, which counts the waiting events of each token. */
export class EventQueue {
  readonly #events = new Fifo<RawEvent>();
  readonly #counts = new Map<string, number>();

  /** The number of events that wait. */
  get length(): number {
    return this.#events.length;
  }

  /** The oldest event; `null` if none waits. */
  get next(): RawEvent | null {
    return this.#events.at(0) ?? null;
  }

  /** Returns the event at an index, from 0 for the oldest; `undefined` if fewer wait. */
  at(index: number): RawEvent | undefined {
    return this.#events.at(index);
  }

  /** Tells whether an event with this token waits. */
  has(token: string): boolean {
    return this.#counts.has(token);
  }

  /** Adds the newest event. */
  push(event: RawEvent): void {
    this.#events.push(event);
    this.#count(event.token, 1);
  }

  /** Takes the oldest event; `null` if none waits. */
  take(): RawEvent | null {
    const event = this.#events.shift();
    if (event === undefined) return null;
    this.#count(event.token, -1);
    return event;
  }

  #count(token: string, more: 1 | -1): void {
    const count = (this.#counts.get(token) ?? 0) + more;
    if (count > 0) this.#counts.set(token, count);
    else this.#counts.delete(token);
  }
}
