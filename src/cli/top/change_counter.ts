// Counts changes by a key, such as a path: in all, and in each interval of time.

/** How often something changed. */
export interface Changes {
  readonly key: string;
  /** The changes since the start. */
  readonly total: number;
  /** The changes in a second, in the last interval. */
  readonly rate: number;
}

/** The order of rows: by the rate of the last interval, by the total, or by the key. */
export type Order = "rate" | "total" | "name";

/** Guests choose the paths, so the keys in memory have a limit. */
const KEYS_MAX = 4096;

interface Count {
  total: number;
  recent: number;
  rate: number;
}

/** Counts changes. If there are too many keys, those with the fewest changes are forgotten. */
export class ChangeCounter {
  readonly #counts = new Map<string, Count>();

  /** The number of keys that are known. */
  get size(): number {
    return this.#counts.size;
  }

  /** Adds a change. */
  add(key: string): void {
    let count = this.#counts.get(key);
    if (count === undefined) {
      if (this.#counts.size >= KEYS_MAX) this.#forget();
      this.#counts.set(key, count = { total: 0, recent: 0, rate: 0 });
    }
    count.total++;
    count.recent++;
  }

  /** Ends an interval of so many seconds. */
  tick(seconds: number): void {
    for (const count of this.#counts.values()) {
      count.rate = count.recent / seconds;
      count.recent = 0;
    }
  }

  /** Returns the first rows of an order. */
  rows(order: Order, length: number): Changes[] {
    const rows = [...this.#counts].map(([key, { total, rate }]): Changes => ({ key, total, rate }));
    const compared = (a: Changes, b: Changes): number =>
      (order === "name" ? 0 : order === "rate" ? b.rate - a.rate || b.total - a.total : b.total - a.total) ||
      (a.key < b.key ? -1 : 1);
    return rows.sort(compared).slice(0, length);
  }

  #forget(): void {
    for (const { key } of this.rows("total", KEYS_MAX).slice(KEYS_MAX / 2)) this.#counts.delete(key);
  }
}
