// Runs a subcommand in a transaction, and again after a conflict, a bounded number of times.

import { pause, pauseBefore } from "../client/backoff.ts";
import { SharedSignals } from "../client/abort.ts";
import { codeOf } from "../wire/system_errors.ts";
import { Failure } from "./invocation.ts";
import type { Session } from "./session.ts";

/** How often a subcommand runs before it reports that other clients always change the same nodes. */
export const ATTEMPTS = 20;
/** The tools try again without a pause, so the pauses here are short, in milliseconds. */
const BACKOFF = { initial: 1, max: 20 };

/** What a subcommand did within a transaction: its exit status, and what it prints after the commit. */
export interface Outcome {
  readonly status: number;
  readonly output: string;
}

/**
 * Runs a function in a transaction. Commits if its status is 0, and rolls back otherwise.
 *
 * Throws a {@linkcode Failure} if the transaction does not start or end, or conflicts in every attempt.
 */
export async function transacted(
  session: Session,
  run: (transactionId: number) => Promise<Outcome>,
): Promise<Outcome> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    if (attempt > 1) await pause(pauseBefore(attempt - 1, BACKOFF), new SharedSignals());
    const transactionId = await session.startTransaction().catch(() => {
      throw new Failure("couldn't start transaction");
    });
    const outcome = await run(transactionId);
    try {
      await session.endTransaction(transactionId, outcome.status === 0);
      return outcome;
    } catch (error) {
      if (outcome.status !== 0 || codeOf(error) !== "EAGAIN") throw new Failure("couldn't end transaction");
    }
  }
  throw new Failure(`couldn't end transaction: other clients changed the same nodes in each of ${ATTEMPTS} attempts`);
}
