// The tokens of a handle's watches: any values, and the texts that stand for them in pyxs's monitor.

interface Alias {
  readonly stub: string;
  /** The paths that are watched with the token. */
  readonly paths: Set<string>;
}

/** The tokens that have watches. Texts and numbers that are equal are the same token, objects only if identical. */
export class Aliases {
  readonly #aliases = new Map<unknown, Alias>();
  readonly #tokens = new Map<string, unknown>();
  #last = 0;

  /** Returns the text of a token: a new one if the token has no watch. */
  stubOf(token: unknown): string {
    return this.#aliases.get(token)?.stub ?? `${this.#last + 1}`;
  }

  /** Returns the token of a text. */
  tokenOf(stub: string): unknown {
    return this.#tokens.get(stub);
  }

  /** Notes a watch. */
  add(token: unknown, path: string): void {
    const known = this.#aliases.get(token);
    if (known !== undefined) return void known.paths.add(path);
    const stub = `${++this.#last}`;
    this.#aliases.set(token, { stub, paths: new Set([path]) });
    this.#tokens.set(stub, token);
  }

  /** Notes the end of a watch. A token without watches is forgotten. */
  delete(token: unknown, path: string): void {
    const alias = this.#aliases.get(token);
    if (alias === undefined) return;
    alias.paths.delete(path);
    if (alias.paths.size > 0) return;
    this.#aliases.delete(token);
    this.#tokens.delete(alias.stub);
  }
}
