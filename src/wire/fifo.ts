// A queue that takes its oldest item without moving the others.

/** The number of places of taken items that are kept: to close up after each item would be slow. */
const KEPT = 1024;

/** Items in the order in which they came, in memory for the items that wait and a bounded number of free places. */
export class Fifo<T> {
  #items: (T | undefined)[] = [];
  /** The place of the oldest item: `shift()` of an array would move all others each time. */
  #head = 0;

  /** How many items wait. */
  get length(): number {
    return this.#items.length - this.#head;
  }

  /** Returns an item by its index: 0 is the oldest, -1 the newest. Returns `undefined` if the index is out of range. */
  at(index: number): T | undefined {
    return this.#items[index + (index < 0 ? this.#items.length : this.#head)];
  }

  /** Adds the newest item. */
  push(item: T): void {
    this.#items.push(item);
  }

  /** Takes the oldest item; `undefined` if none waits. */
  shift(): T | undefined {
    const item = this.at(0);
    // A taken item is not kept alive by its place.
    if (this.length > 0) this.#items[this.#head++] = undefined;
    if (this.length === 0 || this.#head > Math.max(KEPT, this.length)) this.#items = this.takeAll();
    return item;
  }

  /** Takes all items. */
  takeAll(): T[] {
    const items = this.#items.slice(this.#head) as T[];
    this.#items = [];
    this.#head = 0;
    return items;
  }
}
