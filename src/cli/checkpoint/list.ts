// `checkpoint list`: prints the checkpoints of a repository, the oldest first.

import type { Context } from "../context.ts";
import { escapeText } from "../escape.ts";
import { jsonLine, jsonOf } from "../json.ts";
import { utf8Of } from "../bytes.ts";
import { json, ownArgumentsOf } from "../own_arguments.ts";
import { Printer } from "../printer.ts";
import { table } from "../table.ts";
import { type Listed, nameOf, repositoryOption, Room } from "./room.ts";

const HEADING = ["NAME", "SAVED", "BYTES", "SINCE", "PATH"] as const;

/** Lists the checkpoints. One that cannot be read is listed with its fault, and does not fail the list. */
export async function list(context: Context): Promise<number> {
  const given = ownArgumentsOf(context, {
    options: [json, repositoryOption],
    usage: "[-h] [-r directory] [--json]",
    operands: [0, 0],
    status: 1,
  });
  const listed = await (await Room.open(given)).list();
  const printer = new Printer(context.invocation);
  printer.print(given.options.has("j") ? listed.map(jsonRow).join("") : table([HEADING, ...listed.map(row)]));
  printer.flush();
  return 0;
}

function row({ name, details, fault }: Listed): readonly string[] {
  const shown = escapeText(utf8Of(name));
  if (details === null) return [shown, "-", "-", "-", `(${fault})`];
  const { head, size, savedBy } = details;
  const since = head.parent === null ? "-" : escapeText(utf8Of(nameOf(head.parent.name ?? head.parent.id)));
  return [shown, escapeText(utf8Of(savedBy.time)), `${size}`, since, escapeText(head.path)];
}

function jsonRow({ name, storage, details, fault, lock }: Listed): string {
  return jsonLine({
    name,
    location: storage.location,
    path: details === null ? null : jsonOf(details.head.path),
    parent: details?.head.parent ?? null,
    size: details?.size ?? null,
    savedBy: details?.savedBy ?? null,
    fault,
    lock: lock === null ? null : { owner: lock.owner, state: lock.state, age: lock.age },
  });
}
