// Runs a function in a transaction, and again after a conflict, a bounded number of times.

import type { SharedSignals } from "./abort.ts";
import { type Backoff, checkAttempts, pause, pauseBefore } from "./backoff.ts";
import { ConflictError } from "./errors.ts";
import type { RequestOptions } from "./arguments.ts";
import type { Transaction } from "./transaction.ts";

/** The options of {@linkcode Client.transact}. */
export interface TransactOptions extends RequestOptions {
  /**
   * The largest number of times that the function runs, from 1.
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

/** The function that {@linkcode Client.transact} runs. */
export type TransactionBody<T> = (transaction: Transaction, attempt: number) => Promise<T> | T;

/** Runs `body` until its transaction commits, at most as often as allowed. */
export async function transact<T>(
  start: (options: RequestOptions) => Promise<Transaction>,
  body: TransactionBody<T>,
  { attempts = 20, backoff = {}, signal }: TransactOptions,
  signals: SharedSignals,
): Promise<T> {
  checkAttempts(attempts, backoff);
  for (let attempt = 1; attempt <= attempts; attempt++) {
    if (attempt > 1) await pause(pauseBefore(attempt - 1, backoff), signals, signal);
    const transaction = await start({ signal });
    try {
      const result = await signals.wait((async () => await body(transaction, attempt))(), signal);
      // The body may have ended its transaction itself.
      if (!transaction.isOpen || await transaction.commit({ signal })) return result;
    } catch (error) {
      // The error of the body is reported, whether or not the roll-back succeeds.
      const rollback = transaction[Symbol.asyncDispose]().catch(() => {});
      // After an abort nothing waits for the store, which may be silent.
      if (!signal?.aborted) await rollback;
      throw error;
    }
  }
  throw new ConflictError(attempts);
}
