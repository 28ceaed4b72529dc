// The values of the nodes below one watch: read after each event, one after another.

import { ConnectionError } from "../transport/errors.ts";
import { isEqual } from "../wire/text.ts";
import type { ValueEvent } from "./watch_events.ts";

/** The values that a watch has delivered. */
export class WatchedValues {
  readonly #path: string;
  readonly #token: string;
  /** The values of the nodes that exist. */
  readonly #known = new Map<string, Uint8Array>();
  /** The paths whose value could not be read over a connection that was lost. */
  readonly #unread = new Set<string>();
  #last: Promise<unknown> = Promise.resolve();
  #isFirst = true;

  /** Makes the values of the watch of `path`. */
  constructor(path: string, token: string) {
    this.#path = path;
    this.#token = token;
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
    const stale = new Set([...this.#known.keys(), ...this.#unread]);
    this.#unread.clear();
    return [...stale];
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
    const previous = this.#known.get(path) ?? null;
    if (value === null) this.#forget(path);
    else this.#known.set(path, value);
    const isFirst = this.#isFirst && path === this.#path;
    if (isFirst) this.#isFirst = false;
    if (!isFirst && isSame(value, previous)) return null;
    return { type: "value", path, token: this.#token, value, previous };
  }

  /** Forgets a node that is gone, with everything below it. */
  #forget(path: string): void {
    this.#known.delete(path);
    const prefix = `${path}/`;
    for (const other of this.#known.keys()) if (other.startsWith(prefix)) this.#known.delete(other);
  }
}

function isSame(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a === null || b === null ? a === b : isEqual(a, b);
}
