// `checkpoint show`: prints what is known of a checkpoint, and its nodes.

import { endLine, headLine, nodeLine } from "../../checkpoints/dump_format.ts";
import type { TreeNode } from "../../checkpoints/tree_node.ts";
import type { Context } from "../context.ts";
import { escapeBytes, escapeText } from "../escape.ts";
import { utf8Of } from "../bytes.ts";
import { Failure } from "../invocation.ts";
import { json, ownArgumentsOf } from "../own_arguments.ts";
import { Printer } from "../printer.ts";
import { nameOf, orFailure, repositoryOption, Room } from "./room.ts";

/** Shows a checkpoint. With JSON, prints its whole tree as a dump. */
export async function show(context: Context): Promise<number> {
  const given = ownArgumentsOf(context, {
    options: [json, repositoryOption],
    usage: "[-h] [-r directory] [--json] name",
    operands: [1, 1],
    status: 1,
  });
  const { options, operands: [name = ""] } = given;
  const room = await Room.open(given);
  const storage = await room.find(name);
  const checkpoint = await orFailure(() => room.checkpoints.openTree(storage));
  const printer = new Printer(context.invocation);
  await orFailure(async () => {
    if (options.has("j")) {
      printer.print(headLine(checkpoint.path));
      for await (const node of checkpoint.nodes()) printer.print(nodeLine(node));
      const { id, nodes } = await checkpoint.summary();
      printer.print(endLine(nodes, id));
      return;
    }
    const details = (await room.details(storage))?.details;
    if (details === null || details === undefined) throw new Failure("the checkpoint was replaced");
    const { id, nodes } = await checkpoint.summary();
    const { host, process, time } = details.savedBy;
    const { parent } = details.head;
    const facts: readonly (readonly [string, string])[] = [
      ["name", nameOf(storage.location)],
      ["path", checkpoint.path],
      ["nodes", `${nodes}`],
      ["bytes", `${details.size}`],
      ["since", parent === null ? "-" : nameOf(parent.name ?? parent.id)],
      ["saved", `${time} by process ${process} on ${host ?? "an unknown host"}`],
      ["id", id],
    ];
    for (const [label, text] of facts) printer.print(`${label.padEnd(6)} ${escapeText(utf8Of(text))}\n`);
    printer.print("\n");
    for await (const node of checkpoint.nodes()) printer.print(line(node));
  });
  printer.flush();
  return 0;
}

function line({ path, value, permissions }: TreeNode): string {
  return `${escapeText(path)} = "${escapeBytes(value)}"  (${permissions.map(escapeText).join(",")})\n`;
}
