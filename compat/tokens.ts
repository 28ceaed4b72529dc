// The tokens of a handle's watches: any values, told apart by identity, and the numbers that stand for them on the wire.

/** Numbers for tokens, as long as a watch has them or an event with them may still be taken. */
export class Tokens {
  readonly #byValue = new Map<unknown, { readonly wire: string; watches: number }>();
  readonly #byWire = new Map<string, unknown>();
  #last = 0;

  /** One more watch has the token. Returns what to send for it. */
  add(token: unknown): string {
    let entry = this.#byValue.get(token);
    if (entry === undefined) {
      entry = { wire: `${++this.#last}`, watches: 0 };
      this.#byValue.set(token, entry);
      this.#byWire.set(entry.wire, token);
    }
    entry.watches++;
    return entry.wire;
  }

  /** What to send for a token; something that no watch has where this one has none either. */
  wireOf(token: unknown): string {
    return this.#byValue.get(token)?.wire ?? "0";
  }

  /** A watch less has the token; it is forgotten with the last of them, unless `isExpected` says that an event may bring it. */
  remove(token: unknown, isExpected: (wire: string) => boolean): void {
    const entry = this.#byValue.get(token);
    if (entry === undefined) return;
    if (entry.watches > 0) entry.watches--;
    if (entry.watches > 0 || isExpected(entry.wire)) return;
    this.#byValue.delete(token);
    this.#byWire.delete(entry.wire);
  }

  /** The token that an event brought, in a list of one; `null` where no watch has it any more. */
  find(wire: string): readonly [unknown] | null {
    if (!this.#byWire.has(wire)) return null;
    const token = this.#byWire.get(wire);
    return this.#byValue.get(token)?.watches === 0 ? null : [token];
  }

  /** Forgets a token that no watch has, once no event may bring it. */
  settle(wire: string, isExpected: (wire: string) => boolean): void {
    const token = this.#byWire.get(wire);
    if (this.#byWire.has(wire) && this.#byValue.get(token)?.watches === 0) this.remove(token, isExpected);
  }
}
