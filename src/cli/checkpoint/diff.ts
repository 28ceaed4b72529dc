// `checkpoint diff`: shows the differences between two checkpoints, or between a checkpoint and the store.

import { differenceLines } from "../colours.ts";
import type { LiveTree, TreeCheckpoint } from "../../checkpoints/mod.ts";
import type { Context } from "../context.ts";
import { absolutePath, json, ownArgumentsOf } from "../own_arguments.ts";
import { Printer } from "../printer.ts";
import { orTrouble, TROUBLE } from "../trouble.ts";
import { orFailure, repositoryOption, Room } from "./room.ts";

/** Shows what differs. Resolves with 1 if something differs. Throws a failure with status 2. */
export async function diff(context: Context): Promise<number> {
  const given = ownArgumentsOf(context, {
    options: [json, repositoryOption, { letter: "t", long: "to", hasArgument: true }],
    usage: "[-h] [-r directory] [-t path] [--json] name [name]",
    operands: [1, 2],
    status: TROUBLE,
  });
  const { options, operands: [first = "", second] } = given;
  return await orTrouble(async () => {
    const room = await Room.open(given);
    const a = await room.openTree(first);
    const other = async (): Promise<TreeCheckpoint | LiveTree> => {
      if (second !== undefined) return await room.openTree(second);
      return { client: await context.client(), path: absolutePath(options.get("t") ?? a.path, TROUBLE) };
    };
    const b = await other();
    const printer = new Printer(context.invocation);
    const lineOf = differenceLines(context, options.has("j"));
    let status = 0;
    try {
      await orFailure(async () => {
        for await (const difference of room.checkpoints.diffTrees(a, b)) {
          status = 1;
          printer.print(lineOf(difference));
        }
      });
    } finally {
      printer.flush();
    }
    return status;
  });
}
