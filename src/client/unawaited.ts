// Follows the requests of a function in a transaction, and keeps the errors that the function did not await.

import { afterTurn } from "../transport/builtin.ts";
import { ConnectionError } from "../transport/errors.ts";
import { XenStoreError } from "../wire/errors.ts";

/**
 * Returns the result of a request, and may note what becomes of it.
 *
 * @param isHandled Whether the caller handles the error of the request.
 */
export type Follow = <T>(result: Promise<T>, isHandled?: boolean) => Promise<T>;

/** Who takes the error of a result: `await` and `then()` may pass it on to a promise that is not awaited. */
type Taker = "none" | "await" | "catch";

/**
 * Follows the requests of a function. Their errors do not become unhandled rejections: the function's caller asks for
 * them when the function has ended.
 */
export class FollowedRequests {
  /** The requests whose replies are due. */
  readonly #pending = new Set<Promise<unknown>>();
  /** The errors that the function left alone, the oldest first. */
  readonly #errors = new Map<Followed<unknown>, unknown>();
  #state: "running" | "ending" | "succeeded" | "failed" = "running";
  #isRefused = false;

  /** Follows a request. */
  readonly follow: Follow = <T>(result: Promise<T>, isHandled = false): Promise<T> => {
    if (this.#isOver) return result;
    this.#pending.add(result);
    if (!isHandled) return new Followed(result, this);
    result.then(() => this.done(result), (error) => {
      this.done(result);
      this.#isRefused ||= isConflict(error);
    });
    return result;
  };

  /** Whether the store has refused a request, as it refuses the commit after a conflict. */
  get isRefused(): boolean {
    return this.#isRefused;
  }

  /** Notes that the function ended. Tells whether requests are pending. */
  ending(): boolean {
    this.#state = "ending";
    return this.#pending.size > 0;
  }

  /** Waits for the requests that are pending, and for those that follow from them. */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) {
      await Promise.allSettled(this.#pending);
      await new Promise<void>(afterTurn);
    }
  }

  /** Throws the first error that the function left alone. */
  check(): void {
    for (const error of this.#errors.values()) throw error;
  }

  /** Follows no more. The function's caller succeeded, or it reports an error. */
  end(state: "succeeded" | "failed"): void {
    this.#state = state;
  }

  get #isOver(): boolean {
    return this.#state === "succeeded" || this.#state === "failed";
  }

  /** Notes that a request has its reply. */
  done(result: Promise<unknown>): void {
    this.#pending.delete(result);
  }

  /** Notes an error. The caller may be gone by then: a transaction that succeeded does not hide an error. */
  failed(followed: Followed<unknown>, error: unknown): void {
    this.#isRefused ||= isConflict(error);
    const isLeft = followed.taker === "none" || (this.#state === "ending" && followed.taker === "await");
    if (!isLeft || this.#state === "failed") return;
    if (this.#state === "succeeded") void Promise.reject(error);
    else this.#errors.set(followed, error);
  }

  /** Notes that the function takes a result, and follows what it makes of the result, except for an `await`. */
  taken<T>(followed: Followed<unknown>, derived: Promise<T>, isAwait: boolean): Promise<T> {
    if (this.#isOver) return derived;
    this.#errors.delete(followed);
    return isAwait ? derived : new Followed(derived, this);
  }
}

/** Whether an error of a request in a transaction says that the transaction cannot commit. */
export function isConflict(error: unknown): boolean {
  return error instanceof XenStoreError && !(error instanceof ConnectionError) && error.code === "EAGAIN";
}

/** A result that reports its error, and who takes it. `await` calls `then()` on a promise of a class of its own. */
class Followed<T> extends Promise<T> {
  taker: Taker = "none";
  readonly #requests: FollowedRequests;

  constructor(result: Promise<T>, requests: FollowedRequests) {
    super((resolve, reject) =>
      result.then((value) => {
        requests.done(result);
        resolve(value);
      }, (error) => {
        requests.done(result);
        requests.failed(this, error);
        // The runtime takes the error for a handled one.
        Promise.prototype.then.call(this, undefined, () => {});
        reject(error);
      })
    );
    this.#requests = requests;
  }

  /** Makes `then()` return a plain promise, which is followed by a call of its own. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  override then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    const derived = super.then(onFulfilled, onRejected);
    const isAwait = typeof onFulfilled === "function" && typeof onRejected === "function";
    this.taker = typeof onFulfilled === "function" ? "await" : "catch";
    return this.#requests.taken(this, derived, isAwait);
  }

  override finally(onFinally?: (() => void) | null): Promise<T> {
    return this.#requests.taken(this, super.finally(onFinally), false);
  }
}
