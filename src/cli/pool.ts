// `pool`: keeps states of guests on this host, and shares them with pools.

import { type Actions, runAction } from "./actions.ts";
import type { Context } from "./context.ts";
import type { Ending } from "./invocation.ts";
import { TROUBLE } from "./trouble.ts";

/** The actions, each loaded on demand. */
const actions: Actions = new Map([
  ["show", async () => (await import("./pool/show.ts")).show],
  ["check", async () => (await import("./pool/check.ts")).check],
  ["get", async () => (await import("./pool/change.ts")).get],
  ["set", async () => (await import("./pool/change.ts")).set],
  ["unset", async () => (await import("./pool/change.ts")).unset],
  ["push", async () => (await import("./pool/change.ts")).push],
  ["pop", async () => (await import("./pool/change.ts")).pop],
  ["locks", async () => (await import("./pool/locks.ts")).locks],
  ["break-lock", async () => (await import("./pool/locks.ts")).breakLock],
]);

/** Runs the action that the first argument names. */
export async function pool(context: Context): Promise<Ending> {
  return await runAction(context, actions, TROUBLE);
}
