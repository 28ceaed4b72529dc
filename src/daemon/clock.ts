// Time, which a test may drive itself.

/** Where the daemon takes time from. */
export interface Clock {
  /** Milliseconds since some moment; never goes back. */
  now(): number;
  /**
   * Calls back once after so many milliseconds. The handle's `cancel()` prevents it, and may be called at any time.
   * What is `awaited`, a request that is held up, keeps the process alive.
   */
  after(milliseconds: number, callback: () => void, awaited?: boolean): { cancel(): void };
}

/** The longest time that a timer takes: a longer one would be none at all. */
export const TIMER_MAX: number = 2 ** 31 - 1;

/** The machine's own time. A timer of more than {@linkcode TIMER_MAX} milliseconds goes off after so many. */
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
