// Runs a function in a transaction, again and again until it does not conflict, or too often.

import type { SharedSignals } from "./abort.ts";
import { type Backoff, checkAttempts, pause, pauseBefore } from "./backoff.ts";
import { ConflictError } from "./errors.ts";
import type { RequestOptions } from "./arguments.ts";
import type { Transaction } from "./transaction.ts";

/** How often to try, and how to wait in between. */
export interface TransactOptions extends RequestOptions {
  /** How often the function runs at the most; 20 by default. */
  readonly attempts?: number;
  /** The pauses in between: by default up to 1 ms before the second attempt, doubling up to 100 ms. */
  readonly backoff?: Backoff;
}

/** What {@linkcode Client.transact} runs. */
export type TransactionBody<T> = (transaction: Transaction, attempt: number) => Promise<T> | T;

/** Runs `body` until its transaction commits. */
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
      // A body that ended its transaction itself wants no more of it.
      if (!transaction.isOpen || await transaction.commit({ signal })) return result;
    } catch (error) {
      // That error is what counts, whatever becomes of the roll-back.
      const rollback = transaction[Symbol.asyncDispose]().catch(() => {});
      // A store that fell silent must not keep what was given up.
      if (!signal?.aborted) await rollback;
      throw error;
    }
  }
  throw new ConflictError(attempts);
}
