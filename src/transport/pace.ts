// When bytes are delivered that never leave the process: soon, and so that the event loop still turns.

import { afterTurn } from "./builtin.ts";

/** For how many milliseconds deliveries may follow each other without a turn of the event loop. */
const BUDGET = 1;
/** How many deliveries there are to a look at the clock: one at each would be felt. */
const STRIDE = 16;

/**
 * Delivers in microtasks, than which nothing is faster. By those alone the event loop would never turn: one client that
 * asks again as soon as it has its answer would keep timers, signals and sockets waiting for ever. So what comes up
 * when that has gone on for a millisecond is delivered after a turn.
 *
 * All that may answer each other without end have one in common.
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

  // It does keep the process alive: what is under way is delivered, and nothing is left that would do so again.
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
