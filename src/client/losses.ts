// The losses of a queue, and the origins of the items that were lost.

/** A number of items that were lost at one place of a queue. */
export interface Loss {
  /** Lost items, of which each consumer hears. */
  lost: number;
  /** Stale items that were dropped: only consumers of stale items hear of these. */
  stale: number;
}

/**
 * The origins of the items that each loss of a queue has lost. It notes at most `limit` pairs of a loss and an origin,
 * and one more for each origin.
 *
 * Beyond the limit, an origin is noted for the first loss alone: the consumer that takes that loss reads the state of
 * the origin after all items were lost that are counted by then.
 */
export class LostOrigins<O> {
  readonly #limit: number;
  readonly #losses = new Map<O, Set<Loss>>();
  #size = 0;

  /** Makes an empty register. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The number of noted pairs. */
  get size(): number {
    return this.#size;
  }

  /** Notes that a loss has lost an item of an origin. */
  note(loss: Loss, origin: O): void {
    const losses = this.#losses.get(origin);
    if (losses === undefined) this.#losses.set(origin, new Set([loss]));
    else if (losses.has(loss) || this.#size >= this.#limit) return;
    else losses.add(loss);
    this.#size++;
  }

  /** Removes a loss, and returns its origins. */
  take(loss: Loss): Set<O> {
    const origins = new Set<O>();
    for (const [origin, losses] of this.#losses) {
      if (!losses.delete(loss)) continue;
      this.#size--;
      origins.add(origin);
      if (losses.size === 0) this.#losses.delete(origin);
    }
    return origins;
  }

  /** Removes an origin from all losses. */
  forget(origin: O): void {
    this.#size -= this.#losses.get(origin)?.size ?? 0;
    this.#losses.delete(origin);
  }

  /** Replaces losses by those into which they were merged. */
  replace(merged: ReadonlyMap<Loss, Loss>): void {
    if (merged.size === 0) return;
    for (const [origin, losses] of this.#losses) {
      const left = new Set([...losses].map((loss) => merged.get(loss) ?? loss));
      this.#size -= losses.size - left.size;
      this.#losses.set(origin, left);
    }
  }
}
