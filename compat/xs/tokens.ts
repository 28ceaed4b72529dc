// The tokens of a handle's watches: any values, told apart by identity, and the numbers that stand for them on the
// wire.

interface Registration {
  readonly wire: string;
  /** How many of the store's watches have it. */
  watches: number;
}

/**
 * The binding's list of tokens, with one place for each watch. A free place holds None, just as the place of the token
 * None does: that token is found while any place is free, and the next token may overwrite it.
 *
 * The number of a token stays the same while the store or a waiting event may bring it. In Python it is an address.
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

  /** Returns the token of an event in a list of one; `null` if the token has no place. */
  find(wire: string): readonly [unknown] | null {
    if (!this.#values.has(wire)) return null;
    const token = this.#values.get(wire);
    return this.#places.some((other) => Object.is(other, token)) ? [token] : null;
  }

  /** Forgets the number of a token that nothing can bring any more. */
  tidy(wire: string, isWaiting: (wire: string) => boolean): void {
    const token = this.#values.get(wire);
    const entry = this.#entries.get(token);
    if (entry?.wire !== wire || entry.watches > 0) return;
    if (this.#places.some((other) => Object.is(other, token)) || isWaiting(wire)) return;
    this.#entries.delete(token);
    this.#values.delete(wire);
  }
}
