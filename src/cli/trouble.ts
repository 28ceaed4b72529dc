// The exit status of subcommands whose status 1 is an answer, such as that of diff(1).

import { Failure, OutputError, reasonOf } from "./invocation.ts";

/** The exit status if a subcommand fails. */
export const TROUBLE = 2;

/** Runs a subcommand whose failures end it with status 2. A closed pipe ends it by SIGPIPE as any other. */
export async function orTrouble(run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof Failure) throw new Failure(error.message, TROUBLE);
    if (!(error instanceof OutputError) || error.code === "EPIPE") throw error;
    throw new Failure(`${error.message}: ${reasonOf(error)}`, TROUBLE);
  }
}
