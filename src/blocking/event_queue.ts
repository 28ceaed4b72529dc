// The events of a connection that were received and not taken yet, oldest first.

/** An event as it came: its strings' bytes, each byte one character. */
export interface RawEvent {
  readonly path: string;
  readonly token: string;
}

/** So many places of events that were taken are kept: to close up behind each would cost more than it spares. */
const KEPT = 1024;

/** A queue that needs no more memory than what waits in it, and knows of each token how often it does. */
export class EventQueue {
  #events: RawEvent[] = [];
  #next = 0;
  readonly #counts = new Map<string, number>();

  /** How many events wait. */
  get length(): number {
    return this.#events.length - this.#next;
  }

  /** The oldest event that waits; `null` where none does. */
  get next(): RawEvent | null {
    return this.#events[this.#next] ?? null;
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
    const event = this.next;
    if (event === null) return null;
    this.#next++;
    this.#count(event.token, -1);
    if (this.length === 0 || this.#next >= KEPT && this.#next >= this.length) {
      this.#events = this.#events.slice(this.#next);
      this.#next = 0;
    }
    return event;
  }

  #count(token: string, more: 1 | -1): void {
    const count = (this.#counts.get(token) ?? 0) + more;
    if (count > 0) this.#counts.set(token, count);
    else this.#counts.delete(token);
  }
}
