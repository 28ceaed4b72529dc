// The bound of every clean-up: closing a monitor, a transaction or a client does not depend on the store's answer.

import type { SharedSignals } from "./abort.ts";

/** The time between two looks at what the store has sent, in milliseconds. */
const LOOK_MS = 1000;
/** The number of looks in a row without a byte of the store after which it counts as silent. */
const SILENT_LOOKS = 5;
/** The number of looks after which a clean-up ends in any case. */
const MAX_LOOKS = 60;

/** Runs a function after milliseconds. The returned function takes that back. */
export type After = (milliseconds: number, run: () => void) => () => void;

/** {@linkcode After} by the timers of the runtime. */
export const afterTime: After = (milliseconds, run) => {
  const timer = setTimeout(run, milliseconds);
  return () => clearTimeout(timer);
};

/** The clean-ups of one connection. */
export class CleanUps {
  readonly #signals: SharedSignals;
  readonly #after: After;
  /** Counts the chunks that came from the store. */
  received = 0;

  /** Makes the clean-ups; `after` is the timer. */
  constructor(signals: SharedSignals, after: After) {
    this.#signals = signals;
    this.#after = after;
  }

  /**
   * Waits for a clean-up, which `giveUp` has to end. It is called when the store has sent nothing for 5 seconds, or
   * after 60 seconds. A signal ends the wait alone.
   */
  async wait(cleaning: Promise<void>, giveUp: () => void, signal?: AbortSignal): Promise<void> {
    const stop = this.#whenSilent(giveUp);
    try {
      await this.#signals.wait(cleaning, signal);
    } finally {
      stop();
    }
  }

  /** Looks are counted, not time: a process that was stopped or busy itself has not read what the store sent. */
  #whenSilent(giveUp: () => void): () => void {
    let before = this.received;
    let silent = 0;
    let looks = 0;
    const look = (): void => {
      silent = this.received === before ? silent + 1 : 0;
      before = this.received;
      looks++;
      if (silent >= SILENT_LOOKS || looks >= MAX_LOOKS) giveUp();
      else stop = this.#after(LOOK_MS, look);
    };
    let stop = this.#after(LOOK_MS, look);
    return () => stop();
  }
}
