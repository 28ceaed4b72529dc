// `diff`: shows the differences between two dumps, or between a dump and the store.

import type { Context } from "./context.ts";
import { differences, differenceText, type TreeDifference } from "../checkpoints/differences.ts";
import { Failure } from "./invocation.ts";
import { json, ownArgumentsOf } from "./own_arguments.ts";
import { Printer } from "./printer.ts";
import { failUnreadable, openDumpFile, storeNodes } from "./store_nodes.ts";
import { orTrouble, TROUBLE } from "./trouble.ts";

/** Shows what differs. Resolves with 1 if something differs. Throws a {@linkcode Failure} with status 2 on failure. */
export async function diff(context: Context): Promise<number> {
  const { options, operands: [first = "", second] } = ownArgumentsOf(context, {
    options: [json],
    usage: "[-h] [--json] dump [dump]",
    operands: [1, 2],
    status: TROUBLE,
  });
  if (first === "-" && second === "-") throw new Failure("only one dump can come from standard input", TROUBLE);
  return await orTrouble(async () => {
    const printer = new Printer(context.invocation);
    let status = 0;
    try {
      for await (const difference of await differencesOf(context, first, second)) {
        status = 1;
        printer.print(differenceText(difference, options.has("j")));
      }
    } finally {
      printer.flush();
    }
    return status;
  });
}

async function differencesOf(
  context: Context,
  first: string,
  second: string | undefined,
): Promise<AsyncGenerator<TreeDifference, void>> {
  const { path, nodes } = await openDumpFile(context.invocation, first);
  if (second !== undefined) return differences(nodes, (await openDumpFile(context.invocation, second)).nodes);
  return differences(nodes, storeNodes(await context.connect(), path, failUnreadable));
}
