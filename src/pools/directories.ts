// The directories of a location, none of which may be a symbolic link: a link would lead an operation elsewhere.

import { join } from "node:path";
import { LinkError } from "./errors.ts";

/** How long a directory that was looked at is not looked at again. Each look at another host is a round trip. */
const FRESH_MS = 2000;
/** The directories that are remembered. */
const REMEMBERED_MAX = 1024;

/** What is in the place of a directory. */
export type Found = "link" | "missing" | "other";

/** Checks the directories below a location. The location itself may be a link, or lie below one. */
export class Directories {
  readonly #location: string;
  readonly #look: (directory: string) => Promise<Found>;
  readonly #now: () => number;
  readonly #looks = new Map<string, { readonly at: number; readonly found: Promise<Found> }>();

  /** `look` tells what is at a path below the location. `now` replaces the clock in tests. */
  constructor(
    location: string,
    look: (directory: string) => Promise<Found>,
    now: () => number = () => performance.now(),
  ) {
    this.#location = location;
    this.#look = look;
    this.#now = now;
  }

  /**
   * Checks a directory below the location, and each one above it, as far as they exist. Throws a {@linkcode LinkError}
   * if one is a symbolic link. A directory that was replaced by a link is noticed after two seconds at most.
   */
  async check(directory: string): Promise<void> {
    let at = "";
    for (const name of directory.split("/")) {
      if (name === "" || name === ".") continue;
      at = join(at, name);
      const found = await this.#found(at);
      if (found === "link") throw new LinkError(this.#location, at);
      if (found === "missing") return;
    }
  }

  async #found(directory: string): Promise<Found> {
    const now = this.#now();
    const known = this.#looks.get(directory);
    if (known !== undefined && now - known.at < FRESH_MS) return await known.found;
    const found = this.#look(directory);
    if (this.#looks.size >= REMEMBERED_MAX) this.#looks.clear();
    const look = { at: now, found };
    this.#looks.set(directory, look);
    const forget = (): void => {
      if (this.#looks.get(directory) === look) this.#looks.delete(directory);
    };
    // What is missing may be made at any time.
    found.then((what) => what === "other" || forget(), forget);
    return await found;
  }
}
