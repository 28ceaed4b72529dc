// The watches of a monitor, found by path and token.

import type { Watch } from "./watch.ts";

/** Watches in the order in which they were set. No two have the same path and token. */
export class Watches {
  readonly #byName = new Map<string, Watch>();
  /** How many watches have each token. */
  readonly #tokens = new Map<string, number>();

  /** Returns all watches. */
  all(): Watch[] {
    return [...this.#byName.values()];
  }

  /** Returns the watch of a path with a token. */
  find(path: string, token: string): Watch | undefined {
    return this.#byName.get(nameOf({ path, token }));
  }

  /** Tells whether a watch has a token. */
  hasToken(token: string): boolean {
    return this.#tokens.has(token);
  }

  /** Adds a watch, whose path and token no other watch has. */
  add(watch: Watch): void {
    this.#byName.set(nameOf(watch), watch);
    this.#tokens.set(watch.token, (this.#tokens.get(watch.token) ?? 0) + 1);
  }

  /** Deletes a watch. A watch that was deleted before is ignored. */
  delete(watch: Watch): void {
    if (this.#byName.get(nameOf(watch)) !== watch) return;
    this.#byName.delete(nameOf(watch));
    const left = (this.#tokens.get(watch.token) ?? 0) - 1;
    if (left > 0) this.#tokens.set(watch.token, left);
    else this.#tokens.delete(watch.token);
  }
}

function nameOf({ path, token }: { readonly path: string; readonly token: string }): string {
  return `${path}\0${token}`;
}
