// A transaction: operations on nodes that take effect together, or not at all.

import { refuseClones } from "../transport/uncloneable.ts";
import { XenStoreError } from "../wire/errors.ts";
import { Operation, operationName } from "../wire/operations.ts";
import { ConnectionError } from "../transport/errors.ts";
import { TransactionEndedError } from "./errors.ts";
import { NO_OPTIONS, type RequestOptions, signalOf } from "./arguments.ts";
import { NodeOperations, unfollowed } from "./nodes.ts";
import { okReply, transactionReply } from "./replies.ts";
import type { ReplyHandler, Request } from "./request.ts";
import type { Router } from "./router.ts";
import type { Follow } from "./unawaited.ts";

/**
 * A transaction of a client, which may have many open at the same time.
 *
 * No other client sees the changes before {@linkcode commit}. Operations after the end of the transaction fail with a
 * {@linkcode TransactionEndedError}, and after the end of the connection with a {@linkcode ConnectionError}: a
 * transaction never continues over another connection.
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
  /** The number of the transaction on the wire. */
  readonly id: number;
  readonly #router: Router;
  readonly #follow: Follow;
  readonly #resets: number;
  #open = true;

  /**
   * For the client: {@linkcode Client.transaction} starts a transaction.
   *
   * @internal
   */
  constructor(router: Router, id: number, follow: Follow = unfollowed) {
    super({
      sender: {
        request: <T>(request: Request<T>) =>
          new Promise<T>((resolve, reject) => this.#send<T>(request, { resolve, reject })),
        send: (request, handler) => this.#send(request, handler),
      },
      transactionId: id,
      signals: router.signals,
      follow,
      track: (operation) => router.track(operation),
    });
    this.#router = router;
    this.#follow = follow;
    this.#resets = router.resets;
    this.id = id;
    refuseClones(this);
  }

  /** Whether the transaction was neither committed nor rolled back. */
  get isOpen(): boolean {
    return this.#open;
  }

  /**
   * Commits. The transaction stays open only if the signal was already aborted.
   *
   * After a conflict nothing was changed: do everything again, as {@linkcode Client.transact} does.
   *
   * @param options The signal that ends the wait.
   * @returns Whether the changes are visible; false if other clients made changes that conflict.
   * @throws {TransactionEndedError} If the transaction has ended.
   */
  commit(options: RequestOptions = NO_OPTIONS): Promise<boolean> {
    return this.#follow(this.#commit(options));
  }

  /**
   * Rolls the transaction back.
   *
   * @param options The signal that ends the wait, but not the roll-back.
   * @throws {TransactionEndedError} If the transaction has ended.
   */
  rollback(options: RequestOptions = NO_OPTIONS): Promise<void> {
    return this.#follow(this.#rollback(options));
  }

  /**
   * Rolls the transaction back if it is open. The end of the connection has the same effect.
   *
   * If the store sends nothing for 5 seconds, the connection of the client is given up.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isLive) return;
    await this.#router.cleanUp(this.#end("F")).catch((error: unknown) => {
      if (!(error instanceof ConnectionError)) throw error;
    });
  }

  /** Whether the store still has the transaction, as far as this client knows. */
  get #isLive(): boolean {
    return this.#open && this.#router.resets === this.#resets;
  }

  #send<T>(request: Request<T>, handler: ReplyHandler<T>): void {
    if (!this.#isLive) throw this.#ended(request.operation, request.path);
    this.#router.send(request, handler);
  }

  async #rollback(options: RequestOptions): Promise<void> {
    const signal = signalOf(Operation.TRANSACTION_END, options);
    await this.#router.signals.wait(this.#end("F"), signal);
  }

  async #commit(options: RequestOptions): Promise<boolean> {
    const signal = signalOf(Operation.TRANSACTION_END, options);
    signal?.throwIfAborted();
    try {
      await this.#end("T", signal);
      return true;
    } catch (error) {
      if (error instanceof XenStoreError && error.code === "EAGAIN") return false;
      throw error;
    }
  }

  #end(verdict: "T" | "F", signal?: AbortSignal): Promise<void> {
    const operation = Operation.TRANSACTION_END;
    if (!this.#isLive) return Promise.reject(this.#ended(operation));
    this.#open = false;
    return this.#router.request({ operation, transactionId: this.id, parts: [verdict], parse: okReply, signal });
  }

  #ended(operation: Operation, path?: string): XenStoreError {
    return new TransactionEndedError(this.id, { operation: operationName(operation), path });
  }
}

/** Starts a transaction over a connection. */
export async function startTransaction(
  router: Router,
  options: RequestOptions,
  follow?: Follow,
): Promise<Transaction> {
  const signal = signalOf(Operation.TRANSACTION_START, options);
  const id = await router.request({
    operation: Operation.TRANSACTION_START,
    transactionId: 0,
    parts: [""],
    parse: transactionReply,
    signal,
    undo: (started) => void new Transaction(router, started).rollback().catch(() => {}),
  });
  return new Transaction(router, id, follow);
}
