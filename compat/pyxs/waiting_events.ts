// The events of a pyxs monitor that wait, and the tokens of ended watches whose events wait.

import { EventQueue, type RawEvent } from "../../src/blocking/event_queue.ts";

/** The events of a monitor, the oldest first. An ended watch takes memory only until its events are taken. */
export class WaitingEvents {
  readonly #events = new EventQueue();
  /** The users' tokens of ended watches, by their tokens on the wire. */
  readonly #ended = new Map<string, string>();

  /** The number of ended watches whose tokens are kept. */
  get ended(): number {
    return this.#ended.size;
  }

  /** Adds the newest event. */
  push(event: RawEvent): void {
    this.#events.push(event);
  }

  /** Returns the event at an index, from 0 for the oldest; `undefined` if fewer wait. */
  at(index: number): RawEvent | undefined {
    return this.#events.at(index);
  }

  /** Notes that a watch ended, after which no more events of it come. */
  end(wire: string, token: string): void {
    if (this.#events.has(wire)) this.#ended.set(wire, token);
  }

  /** Takes the oldest event, with the user's token if its watch ended; `null` if none waits. */
  take(): { readonly event: RawEvent; readonly ended: string | undefined } | null {
    const event = this.#events.take();
    if (event === null) return null;
    const ended = this.#ended.get(event.token);
    if (!this.#events.has(event.token)) this.#ended.delete(event.token);
    return { event, ended };
  }
}
