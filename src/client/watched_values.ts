// The values of the nodes below one watch: read after each event, one after another.

import { ConnectionError } from "../transport/errors.ts";
import { isEqual } from "../wire/text.ts";
import { KnownValues, type ValueLimit } from "./known_values.ts";
import type { ValueEvent } from "./watch_events.ts";

/** The largest number of nodes that a watch remembers as gone. */
const GONE_MAX = 256;

/** How values are read, for one loop. */
export interface ValueReader {
  /** Reads the value of a node; `null` if the node does not exist. */
  read(path: string): Promise<Uint8Array | null>;
  /** Waits for the reads of other loops. Rejects if the wait is ended. */
  wait(turn: Promise<unknown>): Promise<unknown>;
}

/** The values that a watch has delivered. */
export class WatchedValues {
  readonly #path: string;
  readonly #token: string;
  readonly #known: KnownValues;
  readonly #limit: ValueLimit;
  /** The nodes that were delivered as gone, of which the oldest are forgotten. */
  readonly #gone = new Set<string>();
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
  next(path: string, reader: ValueReader): Promise<ValueEvent | null> {
    const turn = this.#last;
    const result = reader.wait(turn).then(() => this.#next(path, reader));
    this.#last = turn.then(() => result).catch(() => {});
    return result;
  }

  /** Returns the paths to read again over a new connection. */
  takeStale(): string[] {
    const stale = new Set([...this.#known.paths(), ...this.#unread]);
    this.#unread.clear();
    this.#gone.clear();
    return [...stale];
  }

  /**
   * Forgets all values after the reads that have begun: events were lost, and a lost event may have been that of a node
   * that is gone. The next value of each node is delivered, changed or not.
   */
  forget(): void {
    this.#last = this.#last.then(() => {
      this.#known.forget();
      this.#gone.clear();
    });
  }

  /** Ends the part of these values in the limit: the watch was removed. */
  close(): void {
    this.#limit.remove(this.#known);
  }

  async #next(path: string, reader: ValueReader): Promise<ValueEvent | null> {
    let value;
    try {
      value = await reader.read(path);
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      this.#unread.add(path);
      return null;
    }
    const previous = this.#known.get(path);
    const isChanged = value === null ? this.#noteGone(path) || previous !== null : this.#note(path, value, previous);
    const isFirst = this.#isFirst && path === this.#path;
    if (isFirst) this.#isFirst = false;
    return isFirst || isChanged ? { type: "value", path, token: this.#token, value, previous } : null;
  }

  /** Notes a value. Tells whether it is another than before. */
  #note(path: string, value: Uint8Array, previous: Uint8Array | null): boolean {
    this.#gone.delete(path);
    this.#known.set(path, value);
    return previous === null || !isEqual(value, previous);
  }

  /** Notes that a node is gone. Tells whether that is news: a node whose value is not known may have been there. */
  #noteGone(path: string): boolean {
    this.#known.delete(path);
    const isNews = !this.#gone.delete(path);
    this.#gone.add(path);
    const [oldest = path] = this.#gone;
    if (this.#gone.size > GONE_MAX) this.#gone.delete(oldest);
    return isNews;
  }
}
