// Stops waiting when a signal says so.

/**
 * Those who wait with the same signal, behind one listener: a runtime warns of many, and searches them at each
 * addition.
 */
export class SharedSignals {
  readonly #waiting = new Map<AbortSignal, { readonly aborts: Set<() => void>; readonly listener: () => void }>();

  /** Waits for a promise, but no longer than until the signal is aborted: then rejects with its reason. */
  wait<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    if (signal === undefined) return promise;
    return new Promise((resolve, reject) => {
      const release = this.add(signal, () => reject(signal.reason));
      promise.then(resolve, reject).finally(release);
    });
  }

  /** Calls `abort` when the signal is aborted, at once where it is, unless what is returned was called before. */
  add(signal: AbortSignal, abort: () => void): () => void {
    if (signal.aborted) {
      abort();
      return () => {};
    }
    const { aborts, listener } = this.#waiting.get(signal) ?? this.#listen(signal);
    aborts.add(abort);
    return () => {
      aborts.delete(abort);
      if (aborts.size > 0) return;
      signal.removeEventListener("abort", listener);
      this.#waiting.delete(signal);
    };
  }

  #listen(signal: AbortSignal) {
    const aborts = new Set<() => void>();
    const listener = () => {
      this.#waiting.delete(signal);
      for (const abort of [...aborts]) abort();
    };
    signal.addEventListener("abort", listener, { once: true });
    const shared = { aborts, listener };
    this.#waiting.set(signal, shared);
    return shared;
  }
}
