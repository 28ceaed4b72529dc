// The progress of one long operation, told at the times that libguestfs chose.

import { EventClass } from "./classes.ts";
import type { Reporter } from "./reporter.ts";

/** A source of time. */
export interface ProgressClock {
  /** Returns milliseconds since some moment. */
  now(): number;
  /** Calls back once, unless the returned call is cancelled. */
  after(milliseconds: number, callback: () => void): { cancel(): void };
}

/** The clock of the machine. */
export const progressClock: ProgressClock = {
  now: () => performance.now(),
  after: (milliseconds, callback) => {
    const timer = setTimeout(callback, milliseconds);
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Milliseconds from the start of an operation to its first event. */
export const FIRST_AFTER = 2000;
/** The least milliseconds between two events. */
export const APART: number = 1000 / 3;

/** Which operation advances. */
export interface ProgressSource {
  /** The number of the operation. */
  readonly operationNumber: number;
  /** The name of the operation. */
  readonly operation: string;
  /** The number of this run. */
  readonly serial: number;
}

/** Runs an operation that reports its progress, and tells its end. */
export function withProgress<T>(progress: Progress, run: (advance: (position: number, total: number) => void) => T): T {
  try {
    const result = run((position, total) => progress.advance(position, total));
    progress.done();
    return result;
  } catch (error) {
    progress.fail();
    throw error;
  }
}

/**
 * Reports how far an operation is. Short operations report nothing. The last event has `position` equal to `total`,
 * unless the operation failed or nothing was reported before.
 */
export class Progress {
  readonly #reporter: Pick<Reporter, "report" | "wants">;
  readonly #source: ProgressSource;
  readonly #clock: ProgressClock;
  #next: number;
  #total = 1;
  #sent = false;
  #pulse: { cancel(): void } | null = null;

  /** Notes the start of the operation. */
  constructor(reporter: Pick<Reporter, "report" | "wants">, source: ProgressSource, clock: ProgressClock) {
    this.#reporter = reporter;
    this.#source = source;
    this.#clock = clock;
    this.#next = clock.now() + FIRST_AFTER;
  }

  /** Tells how far the operation is. */
  advance(position: number, total: number): void {
    this.#stop();
    this.#total = total;
    if (this.#clock.now() < this.#next || position >= total) return;
    this.#report(position, total);
    this.#next = this.#clock.now() + APART;
  }

  /** Tells that the operation is active and that its end is unknown, until the next call. */
  pulse(): void {
    if (this.#pulse !== null) return;
    this.#total = 1;
    const tick = () => {
      this.#report(0, 1);
      this.#next = this.#clock.now() + APART;
      this.#pulse = this.#clock.after(APART, tick);
    };
    this.#pulse = this.#clock.after(Math.max(0, this.#next - this.#clock.now()), tick);
  }

  /** Tells that the operation succeeded. */
  done(): void {
    this.#stop();
    if (this.#sent) this.#report(this.#total, this.#total);
  }

  /** Tells that the operation failed. */
  fail(): void {
    this.#stop();
  }

  #stop(): void {
    this.#pulse?.cancel();
    this.#pulse = null;
  }

  #report(position: number, total: number): void {
    if (!this.#reporter.wants(EventClass.PROGRESS)) return;
    this.#sent = true;
    this.#reporter.report({ type: "progress", class: EventClass.PROGRESS, ...this.#source, position, total });
  }
}
