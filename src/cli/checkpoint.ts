// `checkpoint`: saves subtrees on disk, shows, compares and restores them.

import { type Actions, runAction } from "./actions.ts";
import type { Context } from "./context.ts";
import type { Ending } from "./invocation.ts";

/** The actions, each loaded on demand. */
const actions: Actions = new Map([
  ["save", async () => (await import("./checkpoint/save.ts")).save],
  ["list", async () => (await import("./checkpoint/list.ts")).list],
  ["show", async () => (await import("./checkpoint/show.ts")).show],
  ["diff", async () => (await import("./checkpoint/diff.ts")).diff],
  ["restore", async () => (await import("./checkpoint/restore.ts")).restore],
  ["remove", async () => (await import("./checkpoint/remove.ts")).remove],
  ["break-lock", async () => (await import("./checkpoint/break_lock.ts")).breakLock],
]);

/** The names of the actions. */
export const actionNames: readonly string[] = [...actions.keys()];

/** Runs the action that the first argument names. */
export async function checkpoint(context: Context): Promise<Ending> {
  return await runAction(context, actions);
}
