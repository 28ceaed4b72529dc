// What changes in a store: by the domain whose part of the tree it is, and by path.

import { ChangeCounter, type Changes, type Order } from "./change_counter.ts";

/** The changes of a store at the end of an interval. */
export interface Snapshot {
  /** The changes since the start. */
  readonly total: number;
  /** The changes in a second, in the last interval. */
  readonly rate: number;
  /** The seconds since the start. */
  readonly seconds: number;
  /** The rows of domains: the key is the number of a domain, or the first name of another path, such as `/vm`. */
  readonly domains: readonly Changes[];
  readonly paths: readonly Changes[];
}

/** Counts the changes of a store. */
export class Activity {
  readonly #domains = new ChangeCounter();
  readonly #paths = new ChangeCounter();
  #total = 0;
  #recent = 0;
  #rate = 0;
  #seconds = 0;

  /** Adds a change of a path. */
  add(path: string): void {
    this.#total++;
    this.#recent++;
    this.#domains.add(partOf(path));
    this.#paths.add(path);
  }

  /** Ends an interval of so many seconds. */
  tick(seconds: number): void {
    this.#seconds += seconds;
    this.#rate = this.#recent / seconds;
    this.#recent = 0;
    this.#domains.tick(seconds);
    this.#paths.tick(seconds);
  }

  /** Returns the changes, with at most so many rows of each kind. */
  snapshot(order: Order, domains: number, paths: number): Snapshot {
    return {
      total: this.#total,
      rate: this.#rate,
      seconds: this.#seconds,
      domains: this.#domains.rows(order, domains),
      paths: this.#paths.rows(order, paths),
    };
  }
}

/** Returns the number of the domain to whose part of the tree a path belongs, or the first name of any other path. */
export function partOf(path: string): string {
  return /^\/local\/domain\/(\d{1,5})(?:\/|$)/.exec(path)?.[1] ?? /^\/[^/]*/.exec(path)?.[0] ?? path;
}
