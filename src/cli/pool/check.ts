// `pool check`: tells whether states exist.

import type { Context } from "../context.ts";
import { jsonLine } from "../json.ts";
import { orFailure } from "../library_failures.ts";
import { Printer } from "../printer.ts";
import { orTrouble } from "../trouble.ts";
import { shown } from "./failure_text.ts";
import { Room } from "./room.ts";

/** Prints which states exist. Resolves with 1 if one is missing, and with 2 if one cannot be looked for. */
export async function check(context: Context): Promise<number> {
  return await orTrouble(async () => {
    await using room = await Room.open(context, {
      name: "check",
      hasParts: true,
      usage: "object state [...]",
      operands: [2, Infinity],
    });
    const printer = new Printer(context.invocation);
    return await orFailure(async () => {
      const backend = await room.backend();
      return await room.each(async ({ object, state }) => {
        const exists = await room.pools.checkStates(backend, [{ object, state }], room.options);
        printer.print(
          room.given.options.has("j")
            ? jsonLine({ object, state, exists })
            : `${shown(state)} ${exists ? "exists" : "is missing"}\n`,
        );
        // The answer is known, whatever the next state fails with.
        printer.flush();
        return exists ? 0 : 1;
      });
    });
  });
}
