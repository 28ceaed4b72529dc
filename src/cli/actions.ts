// Subcommands with actions, such as `checkpoint save`: the first argument names one.

import type { Context, Subcommand } from "./context.ts";
import { hint } from "./hint.ts";
import { type Ending, Failure, HelpRequest } from "./invocation.ts";

/** The actions of a subcommand, each loaded on demand. */
export type Actions = ReadonlyMap<string, () => Promise<Subcommand>>;

/** Runs the action that the first argument names. `status` is the exit status if it names none. */
export async function runAction(context: Context, actions: Actions, status = 1): Promise<Ending> {
  const names = [...actions.keys()];
  const [name, ...args] = context.args[0] === "--" ? context.args.slice(1) : context.args;
  const usage = `Usage: ${context.usageName} ${names.join("|")} [-h] [...]`;
  if (name === "-h" || name === "--help") throw new HelpRequest();
  const load = actions.get(name ?? "");
  if (name === undefined) throw new Failure(usage, status);
  if (load === undefined) throw new Failure(`unknown action ${name}${hint(name, names, "")}\n${usage}`, status);
  const action = await load();
  return await action({ ...context, args, usageName: `${context.usageName} ${name}` });
}
