// A source of time, which a test may replace.

/** A source of time. */
export interface Clock {
  /** Returns milliseconds since some moment, never decreasing. */
  now(): number;
  /**
   * Calls back once.
   *
   * @param milliseconds The time until the call.
   * @param callback The function to call.
   * @param awaited Whether a request waits for the call, which keeps the process alive.
   * @returns A handle whose `cancel()` prevents the call, at any time.
   */
  after(milliseconds: number, callback: () => void, awaited?: boolean): { cancel(): void };
}

/** The longest time of a timer in milliseconds: the runtimes fire a longer one immediately. */
export const TIMER_MAX: number = 2 ** 31 - 1;

/** The clock of the machine. A timer of more than {@linkcode TIMER_MAX} milliseconds fires after that time. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after: (milliseconds, callback, awaited = false) => {
    const timer: unknown = setTimeout(callback, Math.min(milliseconds, TIMER_MAX));
    if (!awaited && isUnrefable(timer)) timer.unref();
    return { cancel: () => clearTimeout(timer as number) };
  },
};

function isUnrefable(timer: unknown): timer is { unref(): void } {
  return typeof timer === "object" && timer !== null && "unref" in timer;
}
