// `checkpoint`: saves subtrees on disk, shows, compares and restores them.

import type { Context, Subcommand } from "./context.ts";
import { hint } from "./hint.ts";
import { type Ending, Failure, HelpRequest } from "./invocation.ts";

/** The actions, each loaded on demand. */
const actions: ReadonlyMap<string, () => Promise<Subcommand>> = new Map([
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
  const [name, ...args] = context.args;
  const usage = `Usage: ${context.usageName} ${actionNames.join("|")} [-h] [...]`;
  if (name === "-h" || name === "--help") throw new HelpRequest();
  const load = actions.get(name ?? "");
  if (name === undefined) throw new Failure(usage);
  if (load === undefined) throw new Failure(`unknown action ${name}${hint(name, actionNames, "")}\n${usage}`);
  const action = await load();
  return await action({ ...context, args, usageName: `${context.usageName} ${name}` });
}
