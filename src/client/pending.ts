// The requests that wait for their replies, by id.

/** Anything that waits, under its id. */
export interface Waiting {
  readonly id: number;
}

const INITIAL_SIZE = 64;

/**
 * A table that the id's low bits index, twice as large as what waits in it. A `Map` would do, but one whose entries
 * come and go all the time keeps its collector busy: with 256 requests in flight that was a fifth of all our time.
 */
export class PendingTable<T extends Waiting> implements Iterable<T> {
  #slots: (T | undefined)[] = emptySlots(INITIAL_SIZE);
  #size = 0;

  /** What waits under an id. */
  get(id: number): T | undefined {
    const found = this.#slots[id & (this.#slots.length - 1)];
    return found?.id === id ? found : undefined;
  }

  /** Whether something may wait under an id. */
  isFree(id: number): boolean {
    return this.#slots[id & (this.#slots.length - 1)] === undefined;
  }

  /** Adds what waits, under an id that is free. */
  add(item: T): void {
    this.#slots[item.id & (this.#slots.length - 1)] = item;
    this.#size++;
    if (this.#size * 2 > this.#slots.length) this.#grow();
  }

  /** Removes what waits under an id. */
  delete(id: number): void {
    if (this.get(id) === undefined) return;
    this.#slots[id & (this.#slots.length - 1)] = undefined;
    this.#size--;
  }

  /** Removes all, and gives it. */
  clear(): T[] {
    const all = [...this];
    this.#slots = emptySlots(INITIAL_SIZE);
    this.#size = 0;
    return all;
  }

  /** All that waits; in the order of the ids as long as those have not gone round. */
  *[Symbol.iterator](): IterableIterator<T> {
    for (const item of this.#slots.filter((slot) => slot !== undefined).sort((a, b) => a.id - b.id)) yield item;
  }

  #grow(): void {
    const all = [...this];
    this.#slots = emptySlots(this.#slots.length * 2);
    for (const item of all) this.#slots[item.id & (this.#slots.length - 1)] = item;
  }
}

function emptySlots(length: number): undefined[] {
  return new Array<undefined>(length).fill(undefined);
}
