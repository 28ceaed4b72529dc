// Ends a connection that owes replies and is silent for too long.

import { clearTimeout, setTimeout } from "node:timers";

/** Watches whether replies arrive while some are owed. */
export class Silence {
  readonly #limit: number;
  readonly #isOwed: () => boolean;
  readonly #end: () => void;
  #heard = 0;
  #isBusy = false;
  #timer: NodeJS.Timeout | undefined;

  /** `limit` is in milliseconds. `isOwed` tells whether a reply is owed. `end` is called once, if none arrives. */
  constructor(limit: number, isOwed: () => boolean, end: () => void) {
    this.#limit = limit;
    this.#isOwed = isOwed;
    this.#end = end;
  }

  /** A request was sent. */
  asked(): void {
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.#heard = performance.now();
    if (this.#timer === undefined) this.#arm(this.#limit);
    else this.#timer.ref();
  }

  /** Something has arrived. */
  heard(): void {
    this.#heard = performance.now();
    if (this.#isOwed()) return;
    this.#isBusy = false;
    this.#timer?.unref();
  }

  /** The connection has ended. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #arm(left: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (!this.#isBusy) return;
      const rest = this.#limit - (performance.now() - this.#heard);
      if (rest <= 0) this.#end();
      else this.#arm(rest);
    }, left);
  }
}
