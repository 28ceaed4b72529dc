// Pauses between attempts: longer each time, and never the same for two who collided.

/** How long to wait between two attempts. */
export interface Backoff {
  /** The longest first pause in milliseconds. */
  readonly initial?: number;
  /** The longest pause of all in milliseconds. */
  readonly max?: number;
}

/** A pause before attempt `attempt` (the second is 1): anything up to twice as long as before, so that two do not meet again. */
export function pauseBefore(
  attempt: number,
  { initial = 1, max = 100 }: Backoff,
  random: () => number = Math.random,
): number {
  return random() * Math.min(max, initial * 2 ** Math.min(attempt - 1, 52));
}

/** Waits. Rejects with the signal's reason as soon as that is aborted. */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, milliseconds);
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", abort, { once: true });
  });
}
