// `pool check`: tells whether states exist.

import type { Context } from "../context.ts";
import { escapeText } from "../escape.ts";
import { utf8Of } from "../bytes.ts";
import { jsonLine } from "../json.ts";
import { orFailure } from "../library_failures.ts";
import { Printer } from "../printer.ts";
import { orTrouble } from "../trouble.ts";
import { Room } from "./room.ts";

/** Prints which states exist. Resolves with 1 if one is missing. */
export async function check(context: Context): Promise<number> {
  return await orTrouble(async () => {
    await using room = await Room.open(context, {
      hasParts: true,
      usage: "object state [...]",
      operands: [2, Infinity],
    });
    const printer = new Printer(context.invocation);
    let status = 0;
    await orFailure(async () => {
      const backend = await room.backend();
      for (const { object, state } of room.states) {
        const exists = await room.pools.checkStates(backend, [{ object, state }], room.options);
        if (!exists) status = 1;
        printer.print(
          room.given.options.has("j")
            ? jsonLine({ object, state, exists })
            : `${escapeText(utf8Of(state))} ${exists ? "exists" : "is missing"}\n`,
        );
      }
    });
    printer.flush();
    return status;
  });
}
