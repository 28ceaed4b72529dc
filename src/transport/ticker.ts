// Calls a function again and again, without keeping the process alive.

import { host } from "./host.ts";

/** A timer that does not keep the process alive. */
export class Ticker {
  readonly #milliseconds: number;
  readonly #tick: () => void;
  #timer: ReturnType<typeof setInterval> | null = null;

  /** Calls `tick` every so many milliseconds, from start() to stop(). */
  constructor(milliseconds: number, tick: () => void) {
    this.#milliseconds = milliseconds;
    this.#tick = tick;
  }

  /** Starts, unless it was started. */
  start(): void {
    if (this.#timer !== null) return;
    this.#timer = setInterval(this.#tick, this.#milliseconds);
    host().releaseTimer(this.#timer);
  }

  /** Stops. Stopping twice is fine. */
  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }
}
