// The errors of transactions: a conflict in every attempt, and an operation after the end.

import { type ErrorContext, XenStoreError } from "../wire/errors.ts";

/**
 * The transaction conflicted with other clients in every attempt that was allowed.
 *
 * @example
 * ```ts
 * import { ConflictError, connect } from "tsxs";
 *
 * await using store = await connect();
 * const change = store.transact(async (transaction) => {
 *   await transaction.readText("/tool/example", { default: "" });
 *   await store.write("/tool/example", `${Math.random()}`); // another client, in every attempt
 *   await transaction.write("/tool/example", "mine");
 * }, { attempts: 2 });
 * const error = await change.catch((reason) => reason);
 * console.log(error instanceof ConflictError && error.attempts); // 2
 * ```
 */
export class ConflictError extends XenStoreError {
  /** `"ConflictError"`. */
  override name = "ConflictError";
  /** The number of attempts. */
  readonly attempts: number;

  /**
   * Makes the error.
   *
   * @param attempts The number of attempts.
   * @param context The operation, if it is not `transact`, and the cause.
   */
  constructor(attempts: number, context: ErrorContext = {}) {
    super("EAGAIN", `conflicted with other writers in each of ${attempts} attempts`, {
      operation: "transact",
      ...context,
    });
    this.attempts = attempts;
  }
}

/**
 * The transaction was committed, rolled back, or dropped by {@linkcode Client.resetWatches}. The code is ENOENT, as a
 * store would answer.
 *
 * @example
 * ```ts
 * import { connect, TransactionEndedError } from "tsxs";
 *
 * await using store = await connect();
 * const transaction = await store.transaction();
 * await transaction.rollback();
 * const error = await transaction.exists("/tool").catch((reason) => reason);
 * console.log(error instanceof TransactionEndedError, error.code); // true ENOENT
 * ```
 */
export class TransactionEndedError extends XenStoreError {
  /** `"TransactionEndedError"`. */
  override name = "TransactionEndedError";

  /**
   * Makes the error.
   *
   * @param id The number of the transaction on the wire.
   * @param context The operation and the path that were requested.
   */
  constructor(id: number, context: ErrorContext = {}) {
    super("ENOENT", `transaction ${id} has ended`, context);
  }
}
