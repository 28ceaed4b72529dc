// Paces the deliveries within a process: they are fast, and the event loop still turns.

import { afterTurn } from "./builtin.ts";

/** The longest time of deliveries without a turn of the event loop, in milliseconds. */
const BUDGET = 1;
/** The number of deliveries between two looks at the clock, which would be slow at each delivery. */
const STRIDE = 16;

/**
 * Delivers in microtasks, the fastest way there is.
 *
 * Microtasks alone would keep the event loop from turning: a client that sends a request after every reply would block
 * timers, signals and sockets forever. After a millisecond of deliveries, the next delivery therefore waits for a turn
 * of the event loop. Lines that may answer each other endlessly share one pace.
 */
export class Pace {
  /** Whether the end of this turn is going to be noticed. */
  #armed = false;
  #since = 0;
  #deliveries = 0;
  #late = false;
  #waiting: (() => void)[] = [];

  /** Calls back when the caller's own turn is over, in the order in which it was asked to. */
  soon(deliver: () => void): void {
    if (!this.#armed) this.#arm();
    else if (!this.#late && ++this.#deliveries % STRIDE === 0) this.#late = performance.now() - this.#since > BUDGET;
    if (this.#late) this.#waiting.push(deliver);
    else queueMicrotask(deliver);
  }

  // This keeps the process alive until the deliveries that are under way are made.
  #arm(): void {
    this.#armed = true;
    this.#since = performance.now();
    afterTurn(this.#turned);
  }

  readonly #turned = (): void => {
    const waiting = this.#waiting;
    this.#armed = this.#late = false;
    this.#waiting = [];
    for (const deliver of waiting) queueMicrotask(deliver);
  };
}
