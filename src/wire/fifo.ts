// A queue that takes its oldest item without moving the others.

/** So many places of items that were taken are kept: to close up after each would cost more than it saves. */
const KEPT = 1024;

/** Items in the order in which they came. It needs no more memory than what waits in it, and a few places besides. */
export class Fifo<T> {
  #items: T[] = [];
  /** Where the oldest item is: `shift()` of an array would move all others each time. */
  #head = 0;

  /** How many items wait. */
  get length(): number {
    return this.#items.length - this.#head;
  }

  /** The item that so many others are in front of: 0 is the oldest, -1 the newest; `undefined` if there is none. */
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
    if (this.length > 0) this.#head++;
    if (this.length === 0 || this.#head > Math.max(KEPT, this.length)) this.#items = this.takeAll();
    return item;
  }

  /** Takes all items. */
  takeAll(): T[] {
    const items = this.#items.slice(this.#head);
    this.#items = [];
    this.#head = 0;
    return items;
  }
}
