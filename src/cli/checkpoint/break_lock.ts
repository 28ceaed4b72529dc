// `checkpoint break-lock`: removes the lock that a killed save left.

import type { Context } from "../context.ts";
import { jsonLine } from "../json.ts";
import { json, ownArgumentsOf } from "../own_arguments.ts";
import { Printer } from "../printer.ts";
import { nameOf, orFailure, repositoryOption, Room } from "./room.ts";

/** Removes a lock. Resolves with 1 if the checkpoint was not locked. */
export async function breakLock(context: Context): Promise<number> {
  const given = ownArgumentsOf(context, {
    options: [json, repositoryOption, { letter: "f", long: "force" }],
    usage: "[-h] [-r directory] [-f] [--json] name",
    operands: [1, 1],
    status: 1,
  });
  const { options, operands: [name = ""] } = given;
  const room = await Room.open(given);
  const storage = await room.find(name);
  const wasLocked = await orFailure(() => storage.breakLock({ force: options.has("f") }));
  if (!wasLocked) context.warn("the checkpoint is not locked");
  else if (options.has("j")) {
    const printer = new Printer(context.invocation);
    printer.print(jsonLine({ name: nameOf(storage.location), location: storage.location }));
    printer.flush();
  }
  return wasLocked ? 0 : 1;
}
