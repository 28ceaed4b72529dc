// Faults on purpose: what a client has to cope with, as often as wanted, and the same each time.

/**
 * Which faults a daemon makes, and how often. Probabilities are numbers from 0 to 1; what is left out does not happen.
 */
export interface FaultOptions {
  /** Where the random numbers start. With the same seed, the same requests in the same order meet the same faults. */
  readonly seed: number;
  /** How probable it is that a commit fails with EAGAIN, as if somebody else had changed what it had to do with. */
  readonly conflict?: number;
  /** How probable it is that a request waits before it is carried out, with those behind it, and for how long. */
  readonly delay?: { readonly probability: number; readonly milliseconds: number };
  /**
   * How probable it is that a connection is cut instead of a reply; the request was carried out in half of the cases.
   */
  readonly cut?: number;
  /** How probable it is that, after a request, one of its connection's watches fires though nothing changed. */
  readonly spuriousEvents?: number;
}

/** Draws faults. Each kind has random numbers of its own: to add one kind changes nothing about the others. */
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

  /** Whether a commit that could succeed fails. */
  conflicts(): boolean {
    return this.#conflict();
  }

  /** How many milliseconds the next request waits; mostly 0. */
  delay(): number {
    return this.#delay() ? this.#delayMs : 0;
  }

  /** Whether the connection is cut instead of an answer, and if so, before or after the request is carried out. */
  cut(): "before" | "after" | null {
    if (!this.#cut()) return null;
    return this.#carriedOut() ? "after" : "before";
  }

  /** Which of so many watches fires without a reason; -1 for none. */
  spurious(watches: number): number {
    return this.#spurious() && watches > 0 ? Math.floor(this.#which() * watches) : -1;
  }
}

function drawing(probability: number, seed: number, kind: number): () => boolean {
  if (probability === 0) return () => false;
  const random = mulberry32(seed + kind);
  return () => random() < probability;
}

/** Random numbers from 0 to 1 that depend on the seed alone: Tommy Ettinger's mulberry32, in the public domain. */
function mulberry32(seed: number): () => number {
  // Seeds that are neighbours would give the kinds' sequences much in common.
  let state = Math.imul(seed, 0x9e3779b9);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000;
  };
}
