// Data of the caller that lives as long as the object that it is attached to.

/** Values by key. Keys that begin with `_` belong to the library. */
export class PrivateData {
  readonly #values = new Map<string, unknown>();
  /** The walk of {@linkcode first} and {@linkcode next}. */
  #walk: Iterator<[string, unknown]> | null = null;

  /** Sets a value; `null` and `undefined` remove it. Ends a walk. Throws if the key is invalid. */
  set(key: string, value: unknown): void {
    if (typeof key !== "string") throw new TypeError(`setPrivate: a key is a string: got ${typeof key}`);
    if (key.startsWith("_")) {
      throw new RangeError(`setPrivate: key ${JSON.stringify(key)} begins with "_": these keys belong to the library`);
    }
    this.#walk = null;
    if (value === null || value === undefined) this.#values.delete(key);
    else this.#values.set(key, value);
  }

  /** Returns a value; `undefined` for a key without a value. */
  get(key: string): unknown {
    return this.#values.get(key);
  }

  /** Returns all entries, in the order in which they were set first. */
  entries(): [string, unknown][] {
    return [...this.#values];
  }

  /** Starts a walk: returns the first entry, or `null`. */
  first(): [string, unknown] | null {
    this.#walk = this.#values.entries();
    return this.next();
  }

  /** Returns the next entry of the walk, or `null` at its end, before its start, and after a change. */
  next(): [string, unknown] | null {
    const step = this.#walk?.next();
    if (step !== undefined && step.done !== true) return step.value;
    this.#walk = null;
    return null;
  }

  /** Removes everything. */
  clear(): void {
    this.#walk = null;
    this.#values.clear();
  }
}
