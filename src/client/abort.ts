// Ends waits when a signal is aborted.

/** Waits with one listener for each signal. A runtime warns of many listeners, and searches them at each addition. */
export class SharedSignals {
  readonly #waiting = new Map<AbortSignal, { readonly aborts: Set<() => void>; readonly listener: () => void }>();

  /** Waits for a promise. Rejects with the signal's reason if the signal is aborted first. */
  wait<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    if (signal === undefined) return promise;
    return new Promise((resolve, reject) => {
      const release = this.add(signal, () => reject(signal.reason));
      promise.then(resolve, reject).finally(release);
    });
  }

  /**
   * Calls `abort` when the signal is aborted, or immediately if it is aborted already. The returned function removes
   * the call.
   */
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
