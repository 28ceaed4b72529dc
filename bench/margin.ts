// When a ratio is clearly worse than the committed one.

/**
 * How many times the committed ratio a measured one may be, in each of three attempts. Medians of the same ratio, taken
 * in seven runs at loads of 3 to 11, say how wide a margin has to be. At such a load a single median of times may be
 * twice the others: more attempts catch that, not a wider margin.
 */
export const MARGINS = {
  /** On one CPU, medians of CPU times differ by a fifth, and most medians of times by a third. */
  oneCpu: 1.5,
  /**
   * CPU times on two CPUs, and the time of a client by that of the same client without polling: medians differ by half.
   * A client that does not poll at all takes twice the time, and fails.
   */
  twoCpus: 1.75,
  /**
   * The time of a read on two CPUs by that of another program: most of it is two CPUs waking each other, and how long
   * that takes changes between the two programs of one round. Medians differ by 1.7.
   */
  waking: 2,
  /** Bytes of a heap after a collection differ by a fiftieth. */
  bytes: 1.2,
} as const;

/** Whether a measured ratio is clearly worse than the committed one. What is no positive number is worse. */
export function worse(measured: number, committed: number, margin: number): boolean {
  return !(measured > 0 && measured <= committed * margin);
}
