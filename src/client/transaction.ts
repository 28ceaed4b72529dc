// A transaction: the operations on nodes, all of which take effect at once or not at all.

import { errnoError, XenStoreError } from "../wire/errors.ts";
import { Operation, operationName } from "../wire/operations.ts";
import { ConnectionError } from "../transport/errors.ts";
import { NodeOperations, type RequestOptions } from "./nodes.ts";
import { numberReply, okReply } from "./replies.ts";
import type { Router } from "./router.ts";

/**
 * A transaction of a client, which may have many at once. Nothing of it is seen outside before {@linkcode commit}. Every
 * operation after its end rejects with ENOENT, and after the end of the connection with a {@linkcode ConnectionError}: a
 * transaction never goes on over another connection.
 *
 * @example
 * ```ts
 * import { connect } from "tsxs";
 *
 * await using store = await connect();
 * await using transaction = await store.transaction();
 * await transaction.write("/tool/example/a", "1");
 * await transaction.write("/tool/example/b", "2");
 * console.log(await transaction.commit()); // true: both are there now
 * ```
 */
export class Transaction extends NodeOperations {
  /** Its number on the wire. */
  readonly id: number;
  readonly #router: Router;
  #open = true;

  /** For the client: {@linkcode Client.transaction} starts one. @internal */
  constructor(router: Router, id: number) {
    super((request) => {
      if (!this.#open) return Promise.reject(this.#ended(request.operation, request.path));
      return router.request({ ...request, transactionId: id });
    });
    this.#router = router;
    this.id = id;
  }

  /** Whether it was neither committed nor rolled back. */
  get isOpen(): boolean {
    return this.#open;
  }

  /**
   * Makes its changes visible, and ends it in any case. Resolves with `false` where it conflicts with what others wrote
   * meanwhile: then nothing was changed, and all of it must be done again, as {@linkcode Client.transact} does.
   */
  async commit(options: RequestOptions = {}): Promise<boolean> {
    try {
      await this.#end("T", options);
      return true;
    } catch (error) {
      if (error instanceof XenStoreError && error.code === "EAGAIN") return false;
      throw error;
    }
  }

  /** Drops its changes, and ends it. */
  async rollback(options: RequestOptions = {}): Promise<void> {
    await this.#end("F", options);
  }

  /** Rolls it back if it is still open. A connection that is over has done so. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#open) return;
    await this.rollback().catch((error: unknown) => {
      if (!(error instanceof ConnectionError)) throw error;
    });
  }

  #end(verdict: "T" | "F", { signal }: RequestOptions): Promise<void> {
    const operation = Operation.TRANSACTION_END;
    if (!this.#open) return Promise.reject(this.#ended(operation));
    this.#open = false;
    return this.#router.request({ operation, transactionId: this.id, parts: [verdict], parse: okReply, signal });
  }

  #ended(operation: Operation, path?: string): XenStoreError {
    const cause = new Error(`transaction ${this.id} has ended`);
    return errnoError("ENOENT", { operation: operationName(operation), path, cause });
  }
}

/** Starts a transaction over a connection. */
export async function startTransaction(router: Router, { signal }: RequestOptions): Promise<Transaction> {
  const id = await router.request({
    operation: Operation.TRANSACTION_START,
    transactionId: 0,
    parts: [""],
    parse: numberReply,
    signal,
    undo: (started) => void new Transaction(router, started).rollback().catch(() => {}),
  });
  return new Transaction(router, id);
}
