// The tokens of a handle's watches: any values, told apart by identity, and the numbers that stand for them on the
// wire.

interface Registration {
  readonly wire: string;
  /** How many of the store's watches have it. */
  watches: number;
}

/**
 * The binding's list of tokens, one place for each watch. A place that is free holds None, and so does one whose token
 * is None: that token is there as long as any place is free, and may be overwritten by the next.
 *
 * A token's number is the same as long as the store, or an event that waits, may bring it. (Python's is its address.)
 */
export class Tokens {
  readonly #places: unknown[] = [];
  readonly #entries = new Map<unknown, Registration>();
  readonly #values = new Map<string, unknown>();
  #last = 0;

  /** What to send for a token. */
  wireOf(token: unknown): string {
    let entry = this.#entries.get(token);
    if (entry === undefined) {
      entry = { wire: `${++this.#last}`, watches: 0 };
      this.#entries.set(token, entry);
      this.#values.set(entry.wire, token);
    }
    return entry.wire;
  }

  /** Gives the token a place. */
  add(token: unknown): void {
    const free = this.#places.indexOf(null);
    if (free < 0) this.#places.push(token);
    else this.#places[free] = token;
  }

  /** Frees a place of the token, if it has one. */
  remove(token: unknown): void {
    const place = this.#places.findIndex((other) => Object.is(other, token));
    if (place >= 0) this.#places[place] = null;
  }

  /** The store has so many watches with the token more, or less. */
  count(token: unknown, more: 1 | -1): void {
    const entry = this.#entries.get(token);
    if (entry !== undefined) entry.watches += more;
  }

  /** The token that an event brought, in a list of one; `null` where it has no place. */
  find(wire: string): readonly [unknown] | null {
    if (!this.#values.has(wire)) return null;
    const token = this.#values.get(wire);
    return this.#places.some((other) => Object.is(other, token)) ? [token] : null;
  }

  /** Forgets a token's number where nothing can bring it any more. */
  tidy(wire: string, isWaiting: (wire: string) => boolean): void {
    const token = this.#values.get(wire);
    const entry = this.#entries.get(token);
    if (entry?.wire !== wire || entry.watches > 0) return;
    if (this.#places.some((other) => Object.is(other, token)) || isWaiting(wire)) return;
    this.#entries.delete(token);
    this.#values.delete(wire);
  }
}
