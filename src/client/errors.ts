// The errors of transactions: others kept changing things under its feet, or it was over.

import { type ErrorContext, XenStoreError } from "../wire/errors.ts";

/**
 * A transaction that was tried as often as allowed and conflicted with other writers every time.
 *
 * @example
 * ```ts
 * import { ConflictError, connect } from "tsxs";
 *
 * await using store = await connect();
 * const change = store.transact(async (transaction) => {
 *   await transaction.readText("/tool/example", { default: "" });
 *   await store.write("/tool/example", `${Math.random()}`); // somebody else, every time
 *   await transaction.write("/tool/example", "mine");
 * }, { attempts: 2 });
 * const error = await change.catch((reason) => reason);
 * console.log(error instanceof ConflictError && error.attempts); // 2
 * ```
 */
export class ConflictError extends XenStoreError {
  /** `"ConflictError"`. */
  override name = "ConflictError";
  /** How often it was tried. */
  readonly attempts: number;

  /** Makes the error from how often the transaction was tried. */
  constructor(attempts: number, context: ErrorContext = {}) {
    super("EAGAIN", `conflicted with other writers in each of ${attempts} attempts`, {
      operation: "transact",
      ...context,
    });
    this.attempts = attempts;
  }
}

/**
 * A request of a transaction that was committed, rolled back, or dropped by {@linkcode Client.resetWatches}. Its code
 * is ENOENT, as a store's would be.
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

  /** Makes the error from the transaction's number on the wire, and what was asked of it. */
  constructor(id: number, context: ErrorContext = {}) {
    super("ENOENT", `transaction ${id} has ended`, context);
  }
}
