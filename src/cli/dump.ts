// `dump`: prints a subtree as lines of JSON, which `restore` and `diff` read.

import type { Context } from "./context.ts";
import { endLine, headLine, nodeLine } from "../checkpoints/dump_format.ts";
import { escapeText } from "./escape.ts";
import { Failure } from "./invocation.ts";
import { absolutePath, json, ownArgumentsOf } from "./own_arguments.ts";
import { Printer } from "./printer.ts";
import { storeNodes } from "./store_nodes.ts";

/** Prints the nodes of a path, or of the root. Resolves with 1 if a node cannot be read, and prints the others. */
export async function dump(context: Context): Promise<number> {
  const { operands } = ownArgumentsOf(context, {
    options: [json],
    usage: "[-h] [--json] [path]",
    operands: [0, 1],
    status: 1,
  });
  const top = absolutePath(operands[0] ?? "/");
  const session = await context.connect();
  const printer = new Printer(context.invocation);
  let [count, status] = [0, 0];
  const work = (await context.progress()).start("dump");
  const onUnreadable = (path: string, reason: string): void => {
    status = 1;
    context.warn(`cannot read ${escapeText(path)}: ${reason}`);
  };
  const nodes = storeNodes(session, top, onUnreadable, work);
  for await (const node of nodes) {
    if (count++ === 0) printer.print(headLine(top));
    printer.print(nodeLine({ ...node, order: null }));
  }
  if (count > 0) printer.print(endLine(count));
  work.done();
  printer.flush();
  if (count === 0 && status === 0) throw new Failure(`cannot dump ${escapeText(top)}: No such file or directory`);
  return status;
}
