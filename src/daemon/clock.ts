// Time, which a test may drive itself.

/** Where the daemon takes time from. */
export interface Clock {
  /** Milliseconds since some moment; never goes back. */
  now(): number;
  /** Calls back once after so many milliseconds. The handle's `cancel()` prevents it, and may be called at any time. */
  after(milliseconds: number, callback: () => void): { cancel(): void };
}

/** The machine's own time. A timer that waits does not keep the process alive. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after: (milliseconds, callback) => {
    const timer: unknown = setTimeout(callback, milliseconds);
    if (typeof timer === "object" && timer !== null && "unref" in timer && typeof timer.unref === "function") {
      timer.unref();
    }
    return { cancel: () => clearTimeout(timer as number) };
  },
};
