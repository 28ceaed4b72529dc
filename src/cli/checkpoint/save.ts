// `checkpoint save`: saves a subtree of the store.

import type { Context } from "../context.ts";
import { Failure } from "../invocation.ts";
import { jsonLine } from "../json.ts";
import { absolutePath, json, ownArgumentsOf } from "../own_arguments.ts";
import { Printer } from "../printer.ts";
import { escapeText } from "../escape.ts";
import { utf8Of } from "../bytes.ts";
import { nameOf, orFailure, repositoryOption, Room } from "./room.ts";

/** Saves a node and everything below it, and prints the name of the checkpoint. */
export async function save(context: Context): Promise<number> {
  const given = ownArgumentsOf(context, {
    options: [
      json,
      repositoryOption,
      { letter: "s", long: "since", hasArgument: true },
      { letter: "w", long: "walk" },
    ],
    usage: "[-h] [-r directory] [-s name] [-w] [--json] path",
    operands: [1, 1],
    status: 1,
  });
  const { options, operands: [operand = ""] } = given;
  const path = absolutePath(operand);
  const room = await Room.open(given);
  const since = options.get("s");
  const earlier = since === undefined ? undefined : await room.openTree(since);
  const client = await context.client();
  const storage = await orFailure(() => room.repository.create());
  try {
    const checkpoint = await orFailure(() =>
      room.checkpoints.saveTree(client, path, {
        storage,
        consistency: options.has("w") ? "walk" : "transaction",
        ...earlier === undefined ? {} : { since: earlier },
      }).catch((error: unknown) => {
        if (!(error instanceof room.checkpoints.InconsistentTreeError)) throw error;
        const reason = error.code === "EAGAIN"
          ? `other clients changed the tree in each of ${error.attempts} attempts`
          : "the tree exceeds the limits of a transaction";
        throw new Failure(`cannot save ${escapeText(path)}: ${reason}: use --walk, which saves no snapshot`);
      })
    );
    const { id, nodes } = await orFailure(() => checkpoint.summary());
    const name = nameOf(storage.location);
    const printer = new Printer(context.invocation);
    printer.print(
      options.has("j")
        ? jsonLine({ name, location: storage.location, path, id, parent: checkpoint.parentId, nodes })
        : `${escapeText(utf8Of(name))}\n`,
    );
    printer.flush();
    return 0;
  } catch (error) {
    await storage.remove().catch(() => false);
    throw error;
  }
}
