// A bounded queue between what arrives and who consumes it, which never makes the one wait for the other.

/** What a consumer gets: an item, or how many were lost in this place for want of room. */
export type Taken<T> = { readonly item: T } | { readonly lost: number };

interface Entry<T> {
  readonly key: string;
  readonly item: T;
}

interface Waiter<T> {
  readonly accepts: (item: T) => boolean;
  give(taken: Taken<T> | null): void;
  fail(error: unknown): void;
}

/** Items in order; one that is already waiting is not added again. */
export class BoundedQueue<T> {
  readonly #limit: number;
  readonly #waiters: Waiter<T>[] = [];
  readonly #keys = new Set<string>();
  #entries: (Entry<T> | { lost: number })[] = [];
  /** Where the first entry is that was not taken: taking the first of an array one by one would move all others each time. */
  #head = 0;
  #end: { readonly error: unknown } | null = null;

  /** Makes a queue that holds at most `limit` items. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * Adds an item, unless one with the same key waits. Where there is no room it is lost, and who consumes is told so
   * in its place.
   */
  push(key: string, item: T): void {
    if (this.#end !== null || this.#keys.has(key)) return;
    const last = this.#entries.at(-1);
    if (this.#entries.length - this.#head < this.#limit) {
      this.#keys.add(key);
      this.#entries.push({ key, item });
    } else if (last !== undefined && "lost" in last) last.lost++;
    else this.#entries.push({ lost: 1 });
    this.#serve();
  }

  /** Ends the queue: what waits in it is still taken, then `null` or, where an error is given, that error. */
  end(error?: unknown): void {
    this.#end ??= { error };
    this.#serve();
  }

  /**
   * Takes the next item that is accepted, and drops those before it that are not; `null` after the end. Waits for it, or
   * until the signal is aborted.
   */
  take(accepts: (item: T) => boolean, signal?: AbortSignal): Promise<Taken<T> | null> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const abort = () => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
        reject(signal?.reason);
      };
      const settled = () => signal?.removeEventListener("abort", abort);
      const waiter: Waiter<T> = {
        accepts,
        give: (taken) => (settled(), resolve(taken)),
        fail: (error) => (settled(), reject(error)),
      };
      signal?.addEventListener("abort", abort, { once: true });
      this.#waiters.push(waiter);
      this.#serve();
    });
  }

  /** Gives everyone who waits what there is. */
  #serve(): void {
    for (let waiter = this.#waiters[0]; waiter !== undefined; waiter = this.#waiters[0]) {
      const taken = this.#shift(waiter.accepts);
      if (taken === null && this.#end === null) return;
      this.#waiters.shift();
      if (taken === null && this.#end?.error !== undefined) waiter.fail(this.#end.error);
      else waiter.give(taken);
    }
  }

  #shift(accepts: (item: T) => boolean): Taken<T> | null {
    for (let entry = this.#entries[this.#head]; entry !== undefined; entry = this.#entries[this.#head]) {
      this.#head++;
      if (!("lost" in entry)) this.#keys.delete(entry.key);
      if ("lost" in entry || accepts(entry.item)) {
        if (this.#head * 2 > this.#entries.length) this.#compact();
        return entry;
      }
    }
    this.#compact();
    return null;
  }

  #compact(): void {
    this.#entries = this.#entries.slice(this.#head);
    this.#head = 0;
  }
}
