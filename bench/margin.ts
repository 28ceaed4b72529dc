// When a ratio is clearly worse than the committed one.

/**
 * How many times the committed ratio a measured one may be, in each of three attempts. Medians of three rounds on a
 * machine with a load of 3 to 9 were compared with those of a quiet one.
 */
export const MARGINS = {
  /** On one CPU such medians differ by a third. */
  oneCpu: 1.5,
  /**
   * CPU times on two CPUs, and the time of a client by that of the same client without polling: such medians differ by
   * half. A client that does not poll at all takes twice the time, and fails.
   */
  twoCpus: 1.75,
  /**
   * The time of a read on two CPUs by that of another program: most of it is two CPUs waking each other, and how long
   * that takes changes between the two programs of one round. Such medians differ by 1.7.
   */
  waking: 2,
  /** Bytes of a heap after a collection differ by a fiftieth. */
  bytes: 1.2,
} as const;

/** Whether a measured ratio is clearly worse than the committed one. What is no number is worse. */
export function worse(measured: number, committed: number, margin: number): boolean {
  return !(measured <= committed * margin);
}
