// The values of the nodes below one watch: read after each event, one after another.

import { ConnectionError } from "../transport/errors.ts";
import { isEqual } from "../wire/text.ts";
import { KnownValues, type ValueLimit } from "./known_values.ts";
import type { ValueEvent } from "./watch_events.ts";

/** The values that a watch has delivered. */
export class WatchedValues {
  readonly #path: string;
  readonly #token: string;
  readonly #known: KnownValues;
  readonly #limit: ValueLimit;
  /** The paths whose value could not be read over a connection that was lost. */
  readonly #unread = new Set<string>();
  #last: Promise<unknown> = Promise.resolve();
  #isFirst = true;

  /** Makes the values of the watch of `path`, which count for a limit. */
  constructor(path: string, token: string, limit: ValueLimit) {
    this.#path = path;
    this.#token = token;
    this.#known = new KnownValues(limit);
    this.#limit = limit;
  }

  /**
   * Reads a value after an event, after the reads before it. Resolves with `null` if the value has not changed, or if
   * the connection was lost.
   */
  next(path: string, read: (path: string) => Promise<Uint8Array | null>): Promise<ValueEvent | null> {
    const result = this.#last.then(() => this.#next(path, read));
    this.#last = result.catch(() => {});
    return result;
  }

  /** Returns the paths to read again over a new connection. */
  takeStale(): string[] {
    const stale = new Set([...this.#known.paths(), ...this.#unread]);
    this.#unread.clear();
    return [...stale];
  }

  /**
   * Forgets all values after the reads that have begun: events were lost, and a lost event may have been that of a node
   * that is gone. The next value of each node is delivered, changed or not.
   */
  forget(): void {
    this.#last = this.#last.then(() => this.#known.forget());
  }

  /** Ends the part of these values in the limit: the watch was removed. */
  close(): void {
    this.#limit.remove(this.#known);
  }

  async #next(path: string, read: (path: string) => Promise<Uint8Array | null>): Promise<ValueEvent | null> {
    let value;
    try {
      value = await read(path);
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      this.#unread.add(path);
      return null;
    }
    const known = this.#known;
    const previous = known.get(path);
    const isNew = previous === null && !known.isComplete;
    if (value === null) known.delete(path);
    else known.set(path, value);
    const isFirst = this.#isFirst && path === this.#path;
    if (isFirst) this.#isFirst = false;
    if (!isFirst && !isNew && isSame(value, previous)) return null;
    return { type: "value", path, token: this.#token, value, previous };
  }
}

function isSame(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a === null || b === null ? a === b : isEqual(a, b);
}
