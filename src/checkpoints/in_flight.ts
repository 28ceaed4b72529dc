// Requests in flight: many at a time, but not more than a limit.

/** How many requests may wait for their replies. */
const LIMIT = 256;

/** Counts requests in flight, and keeps their first failure. */
export class InFlight {
  readonly #requests = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | null = null;

  /** Adds a request. Waits if too many are in flight. Throws the failure of an earlier one. */
  async add(request: Promise<void>): Promise<void> {
    const settled = request.catch((error: unknown) => {
      this.#failure ??= { error };
    }).then(() => void this.#requests.delete(settled));
    this.#requests.add(settled);
    if (this.#requests.size >= LIMIT) await Promise.race(this.#requests);
    this.#check();
  }

  /** Waits for all requests. Throws the failure of one. */
  async end(): Promise<void> {
    await Promise.all(this.#requests);
    this.#check();
  }

  #check(): void {
    if (this.#failure !== null) throw this.#failure.error;
  }
}
