// The errors of saving and restoring trees.

import { type ErrorContext, XenStoreError } from "../wire/errors.ts";
import { DumpError } from "./lines.ts";

/**
 * A tree could not be read in one transaction: other clients always changed it, or it exceeds a limit of transactions.
 *
 * `consistency` is the value of the option of {@linkcode saveTree} that reads the tree without a transaction.
 *
 * @example
 * ```ts
 * import { connect } from "tsxs";
 * import { InconsistentTreeError, saveTree } from "tsxs/checkpoints";
 *
 * await using store = await connect();
 * await store.write("/tool/example", "hello");
 * const checkpoint = await saveTree(store, "/tool/example").catch((error) => {
 *   if (!(error instanceof InconsistentTreeError)) throw error;
 *   return saveTree(store, "/tool/example", { consistency: error.consistency });
 * });
 * console.log(checkpoint.path);
 * ```
 */
export class InconsistentTreeError extends XenStoreError {
  /** `"InconsistentTreeError"`. */
  override name = "InconsistentTreeError";
  /** `"walk"`. */
  readonly consistency = "walk" as const;
  /** The number of attempts. */
  readonly attempts: number;

  /**
   * Makes the error.
   *
   * @param code The name of the store's error: EAGAIN after conflicts.
   * @param reason Why the transactions failed.
   * @param attempts The number of attempts.
   * @param context The operation, the path and the cause.
   */
  constructor(code: string, reason: string, attempts: number, context: ErrorContext = {}) {
    super(code, `${reason}: save it without a transaction, with { consistency: "walk" }`, context);
    this.attempts = attempts;
  }
}

/**
 * A checkpoint that is a difference lacks the checkpoint that it starts from, or that one has another content now.
 *
 * @example
 * ```ts
 * import { connect } from "tsxs";
 * import { BrokenChainError, openTree, saveTree } from "tsxs/checkpoints";
 *
 * await using store = await connect();
 * await store.write("/tool/example", "1");
 * const first = await saveTree(store, "/tool/example");
 * await store.write("/tool/example", "2");
 * const second = await saveTree(store, "/tool/example", { since: first });
 * const error = await openTree(await second.bytes()).catch((reason) => reason);
 * console.log(error instanceof BrokenChainError); // true
 * console.log((await openTree(await second.bytes(), { parent: first })).path); // /tool/example
 * ```
 */
export class BrokenChainError extends DumpError {
  /** `"BrokenChainError"`. */
  override name = "BrokenChainError";
}
