// `checkpoint remove`: removes checkpoints from the disk.

import type { Context } from "../context.ts";
import { escapeText } from "../escape.ts";
import { utf8Of } from "../bytes.ts";
import { Failure } from "../invocation.ts";
import { jsonLine } from "../json.ts";
import { json, ownArgumentsOf } from "../own_arguments.ts";
import { Printer } from "../printer.ts";
import { nameOf, orFailure, repositoryOption, Room } from "./room.ts";

/** Removes checkpoints. Refuses one that another checkpoint starts from, unless that one is removed as well. */
export async function remove(context: Context): Promise<number> {
  const given = ownArgumentsOf(context, {
    options: [json, repositoryOption, { letter: "f", long: "force" }, { letter: "n", long: "dry-run" }],
    usage: "[-h] [-r directory] [-f] [-n] [--json] name [...]",
    operands: [1, Infinity],
    status: 1,
  });
  const { options, operands } = given;
  const room = await Room.open(given);
  const removed = new Map<string, Awaited<ReturnType<Room["find"]>>>();
  for (const operand of operands) {
    const storage = await room.find(operand);
    removed.set(nameOf(storage.location), storage);
  }
  if (!options.has("f")) {
    for (const { name, details } of await room.list()) {
      const parent = details?.head.parent?.name ?? null;
      if (parent === null || removed.has(name) || !removed.has(nameOf(parent))) continue;
      const [kept, gone] = [escapeText(utf8Of(name)), escapeText(utf8Of(nameOf(parent)))];
      throw new Failure(`cannot remove ${gone}: ${kept} is a difference to it: remove both, or use --force`);
    }
  }
  const printer = new Printer(context.invocation);
  for (const [name, storage] of removed) {
    if (!options.has("n") && !(await orFailure(() => storage.remove()))) {
      printer.flush();
      throw new Failure(`there is no checkpoint '${escapeText(utf8Of(name))}'`);
    }
    printer.print(options.has("j") ? jsonLine({ name, location: storage.location }) : `${escapeText(utf8Of(name))}\n`);
  }
  printer.flush();
  return 0;
}
