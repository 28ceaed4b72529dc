// Runs a function in a transaction, and again after a conflict or a full quota, a bounded number of times.

import { ConnectionError } from "../transport/errors.ts";
import { checkOptions, type OptionNames } from "../wire/checks.ts";
import { XenStoreError } from "../wire/errors.ts";
import type { SharedSignals } from "./abort.ts";
import { type Backoff, checkAttempts, pause, pauseBefore } from "./backoff.ts";
import { ConflictError } from "./errors.ts";
import type { RequestOptions } from "./arguments.ts";
import type { Transaction } from "./transaction.ts";
import { type Follow, FollowedRequests, isConflict } from "./unawaited.ts";

/** The options of {@linkcode Client.transact}. */
export interface TransactOptions extends RequestOptions {
  /**
   * The largest number of attempts, from 1. An attempt whose transaction the store refuses to start, since the domain
   * has too many open, counts as well.
   *
   * @default 20
   */
  readonly attempts?: number;
  /**
   * The pauses between the attempts, each random and at most twice as long as the one before.
   *
   * @default up to 1 ms before the second attempt, then up to 100 ms
   */
  readonly backoff?: Backoff;
}

const TRANSACT_OPTIONS: OptionNames<TransactOptions> = { attempts: true, backoff: true, signal: true };

/** The function that {@linkcode Client.transact} runs. */
export type TransactionBody<T> = (transaction: Transaction, attempt: number) => Promise<T> | T;

/** Starts a transaction whose requests are followed. */
type Start = (options: RequestOptions, follow: Follow) => Promise<Transaction>;

/** Runs `body` until its transaction commits, at most as often as allowed. */
export async function transact<T>(
  start: Start,
  body: TransactionBody<T>,
  options: TransactOptions,
  signals: SharedSignals,
): Promise<T> {
  checkOptions("transact", options, TRANSACT_OPTIONS);
  const { attempts = 20, backoff = {}, signal } = options;
  checkAttempts(attempts, backoff);
  for (let attempt = 1; attempt <= attempts; attempt++) {
    if (attempt > 1) await pause(pauseBefore(attempt - 1, backoff), signals, signal);
    const requests = new FollowedRequests();
    const transaction = await start({ signal }, requests.follow).catch((error: unknown) => {
      if (attempt < attempts && isFull(error)) return null;
      throw error;
    });
    if (transaction === null) continue;
    try {
      const result = await signals.wait((async () => await body(transaction, attempt))(), signal);
      if (requests.ending()) await signals.wait(requests.settled(), signal);
      requests.check();
      requests.end("succeeded");
      // The body may have ended its transaction itself.
      if (!transaction.isOpen || await transaction.commit({ signal })) return result;
    } catch (error) {
      requests.end("failed");
      // The error of the body is reported, whether or not the roll-back succeeds.
      const rollback = transaction[Symbol.asyncDispose]().catch(() => {});
      // After an abort nothing waits for the store, which may be silent.
      if (!signal?.aborted) await rollback;
      // A store that no longer keeps the transaction's tree refuses its requests, not only its commit.
      if (!requests.isRefused || !isConflict(error) || signal?.aborted) throw error;
    }
  }
  throw new ConflictError(attempts);
}

/** Whether a transaction cannot start before another one of the client ends: ENOSPC in C, EQUOTA in oxenstored. */
function isFull(error: unknown): boolean {
  if (!(error instanceof XenStoreError) || error instanceof ConnectionError) return false;
  return error.operation === "TRANSACTION_START" && (error.code === "ENOSPC" || error.code === "EQUOTA");
}
