// How often a guest may change the store while others have transactions open, so that those come to an end (XSA-206).

import type { Clock } from "../clock.ts";
import type { Domain } from "./domains.ts";

/** Changes a second that all guests may make together. */
const RATE = 200;
/** Changes that a guest may save up. */
const BURST = 10;
/** Changes that all guests together may save up beyond that. */
const RESERVE = 1000;

/** Counts what guests change. */
export class Limiter {
  readonly #clock: Clock;
  #reserve = RESERVE;
  /** How many transactions are open. */
  open = 0;

  /** Takes time from a clock. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A domain changed the store while `others` transactions besides its own were open. */
  charge(domain: Domain, others: number, guests: number): void {
    if (domain.privileged || others <= 0) return;
    this.#fill(domain, guests);
    domain.credit--;
    if (domain.credit < 0 && this.#reserve >= 1) {
      this.#reserve--;
      domain.credit++;
    }
  }

  /** How many milliseconds a domain has to wait until it may go on: 0 for not at all. */
  delay(domain: Domain, guests: number): number {
    if (domain.privileged || domain.credit >= 0) return 0;
    this.#fill(domain, guests);
    return domain.credit >= 0 ? 0 : Math.ceil(-domain.credit * 1000 * Math.max(1, guests) / RATE);
  }

  #fill(domain: Domain, guests: number): void {
    const now = this.#clock.now();
    const elapsed = now - domain.creditedAt;
    domain.creditedAt = now;
    const filled = domain.credit + (elapsed === Infinity ? BURST : elapsed * RATE / 1000 / Math.max(1, guests));
    this.#reserve = Math.min(RESERVE, this.#reserve + Math.max(0, filled - BURST));
    domain.credit = Math.min(BURST, filled);
  }
}
