// `diff`: shows the differences between two dumps, or between a dump and the store.

import type { Context } from "./context.ts";
import { differences, type TreeDifference } from "../checkpoints/trees/differences.ts";
import { differenceLines } from "./colours.ts";
import { Failure } from "./invocation.ts";
import { json, ownArgumentsOf } from "./own_arguments.ts";
import { Printer } from "./printer.ts";
import { failUnreadable, openDumpFile, storeNodes } from "./store_nodes.ts";
import { silentWork, type Work } from "./silent_progress.ts";
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
    const work = (await context.progress()).start("diff");
    const lineOf = differenceLines(context, options.has("j"));
    let status = 0;
    try {
      for await (const difference of await differencesOf(context, first, second, work)) {
        status = 1;
        printer.print(lineOf(difference));
      }
      work.done();
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
  work: Work,
): Promise<AsyncGenerator<TreeDifference, void>> {
  const { invocation } = context;
  // A dump with a known size tells how far the work is: both streams have the same order.
  const [oneWork, otherWork] = first === "-" && second !== undefined ? [silentWork, work] : [work, silentWork];
  const { path, nodes } = await openDumpFile(invocation, first, oneWork);
  if (second !== undefined) return differences(nodes, (await openDumpFile(invocation, second, otherWork)).nodes);
  return differences(nodes, storeNodes(await context.connect(), path, failUnreadable));
}
