// Random numbers that a seed repeats, for all tests.

/** A stream of random numbers. Equal seeds give equal numbers on every runtime. */
export class Random {
  #state: number;

  /** Starts the stream of a seed. */
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 32 random bits (splitmix32). */
  word(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  }

  /** A whole number from 0 to below `limit`. */
  below(limit: number): number {
    return this.word() % limit;
  }

  /** A number from 0 to below 1. */
  fraction(): number {
    return this.word() / 0x100000000;
  }

  /** Returns true with this probability, in thousandths. */
  often(perMille: number): boolean {
    return this.below(1000) < perMille;
  }

  /** One of the choices. */
  of<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.below(choices.length)] ?? choices[0];
  }
}

/** Whole numbers below a limit, from the stream of a seed. */
export function randomNumbers(seed: number): (limit: number) => number {
  const random = new Random(seed);
  return (limit) => random.below(limit);
}

/** Numbers from 0 to below 1, from the stream of a seed. */
export function randomFractions(seed: number): () => number {
  const random = new Random(seed);
  return () => random.fraction();
}

/** Picks by weight. */
export class Weighted<T> {
  readonly #choices: readonly (readonly [weight: number, choice: T])[];
  readonly #total: number;

  /** Takes weights and choices, at least one. */
  constructor(choices: readonly (readonly [weight: number, choice: T])[]) {
    this.#choices = choices;
    this.#total = choices.reduce((sum, [weight]) => sum + weight, 0);
  }

  /** One of the choices. */
  pick(random: Random): T {
    let left = random.below(this.#total);
    for (const [weight, choice] of this.#choices) {
      left -= weight;
      if (left < 0) return choice;
    }
    throw new RangeError("the weights do not add up");
  }
}

/** The seed of a run: TSXS_SEED, or a random number. */
export function seedOf(variable: string | undefined): number {
  return variable === undefined ? Math.floor(Math.random() * 0xffffffff) : Number(variable) >>> 0;
}
