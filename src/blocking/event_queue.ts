// The events of a connection that were received and not taken yet, oldest first.

import { Fifo } from "../wire/fifo.ts";

/** An event as it came: its strings' bytes, each byte one character. */
export interface RawEvent {
  readonly path: string;
  readonly token: string;
}

/** A queue that needs no more memory than what waits in it, and knows of each token how often it does. */
export class EventQueue {
  readonly #events = new Fifo<RawEvent>();
  readonly #counts = new Map<string, number>();

  /** How many events wait. */
  get length(): number {
    return this.#events.length;
  }

  /** The oldest event that waits; `null` where none does. */
  get next(): RawEvent | null {
    return this.#events.at(0) ?? null;
  }

  /** Whether an event that waits has this token. */
  has(token: string): boolean {
    return this.#counts.has(token);
  }

  /** Puts in the newest. */
  push(event: RawEvent): void {
    this.#events.push(event);
    this.#count(event.token, 1);
  }

  /** Takes the oldest; `null` where none waits. */
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
