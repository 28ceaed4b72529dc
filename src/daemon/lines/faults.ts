// Faults on purpose, reproducible by a seed: what a client has to cope with.

/** The faults that a daemon makes, and how often. A probability is a number from 0 to 1. */
export interface FaultOptions {
  /** The seed of the random numbers. With the same seed, the same requests in the same order meet the same faults. */
  readonly seed: number;
  /**
   * The probability that a commit fails with EAGAIN, as after a conflict.
   *
   * @default 0
   */
  readonly conflict?: number;
  /**
   * The probability that a request and those after it are delayed, and the delay in milliseconds.
   *
   * @default no delay
   */
  readonly delay?: { readonly probability: number; readonly milliseconds: number };
  /**
   * The probability that a connection is cut instead of a reply. The request is carried out in half of these cases.
   *
   * @default 0
   */
  readonly cut?: number;
  /**
   * The probability that, after a request, one of its connection's watches fires without a change.
   *
   * @default 0
   */
  readonly spuriousEvents?: number;
}

/** Draws faults. Each kind has its own random numbers, so that adding one kind changes nothing about the others. */
export class Faults {
  readonly #conflict: () => boolean;
  readonly #delay: () => boolean;
  readonly #delayMs: number;
  readonly #cut: () => boolean;
  readonly #carriedOut: () => boolean;
  readonly #spurious: () => boolean;
  readonly #which: () => number;

  /** Takes the faults to make, which were checked before. */
  constructor(options: FaultOptions) {
    const { seed, conflict = 0, delay: { probability, milliseconds } = { probability: 0, milliseconds: 0 } } = options;
    const { cut = 0, spuriousEvents = 0 } = options;
    this.#conflict = drawing(conflict, seed, 1);
    this.#delay = drawing(probability, seed, 2);
    this.#delayMs = milliseconds;
    this.#cut = drawing(cut, seed, 3);
    this.#carriedOut = drawing(0.5, seed, 4);
    this.#spurious = drawing(spuriousEvents, seed, 5);
    this.#which = mulberry32(seed + 6);
  }

  /** Tells whether a commit that could succeed fails. */
  conflicts(): boolean {
    return this.#conflict();
  }

  /** Returns the delay of the next request in milliseconds, mostly 0. */
  delay(): number {
    return this.#delay() ? this.#delayMs : 0;
  }

  /** Tells whether the connection is cut instead of a reply, and whether before or after the request is carried out. */
  cut(): "before" | "after" | null {
    if (!this.#cut()) return null;
    return this.#carriedOut() ? "after" : "before";
  }

  /** Returns the index of the watch that fires without a change; -1 for none. */
  spurious(watches: number): number {
    return this.#spurious() && watches > 0 ? Math.floor(this.#which() * watches) : -1;
  }
}

function drawing(probability: number, seed: number, kind: number): () => boolean {
  if (probability === 0) return () => false;
  const random = mulberry32(seed + kind);
  return () => random() < probability;
}

/**
 * Returns random numbers from 0 to 1 that depend on the seed alone: Tommy Ettinger's mulberry32, in the public domain.
 */
function mulberry32(seed: number): () => number {
  // Neighbouring seeds would give the kinds similar sequences.
  let state = Math.imul(seed, 0x9e3779b9);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000;
  };
}
