// `pool locks` and `pool break-lock`: who holds the locks of states, and an end to them.

import type { Context } from "../context.ts";
import { escapeText } from "../escape.ts";
import { utf8Of } from "../bytes.ts";
import { jsonLine } from "../json.ts";
import { orFailure, textOf } from "../library_failures.ts";
import { Printer } from "../printer.ts";
import { table } from "../table.ts";
import { orTrouble } from "../trouble.ts";
import { Room } from "./room.ts";

const HEADING = ["OBJECT", "STATE", "HOST", "PROCESS", "SINCE", "SEEN", "STALE", "POOL"] as const;
const SECOND = 1000;

/** Lists the locks of this host and of the pools. */
export async function locks(context: Context): Promise<number> {
  return await orTrouble(async () => {
    await using room = await Room.open(context, { hasParts: false, usage: "object [...]", operands: [1, Infinity] });
    const rows: (readonly string[])[] = [];
    const lines: string[] = [];
    await orFailure(async () => {
      // One connection to a host serves all objects.
      const places = room.places();
      for (const object of room.given.operands.map(textOf)) {
        for (const { pool, states } of places) {
          for (const lock of await room.pools.stateLocks(states, object)) {
            const { state, owner, age, isStale } = lock;
            const cells = [object, state, owner?.host ?? "-", `${owner?.process ?? "-"}`, owner?.since ?? "-"];
            rows.push(
              [...cells, `${Math.round(age / SECOND)} s ago`, isStale ? "yes" : "no", pool ?? "-"].map((cell) =>
                escapeText(utf8Of(cell))
              ),
            );
            lines.push(jsonLine({ ...lock, pool, location: states.files.location }));
          }
        }
      }
    });
    const printer = new Printer(context.invocation);
    printer.print(room.given.options.has("j") ? lines.join("") : table([HEADING, ...rows]));
    printer.flush();
    return 0;
  });
}

/** Breaks the lock of a state, at all permitted locations. Resolves with 1 if there was no lock. */
export async function breakLock(context: Context): Promise<number> {
  return await orTrouble(async () => {
    await using room = await Room.open(context, {
      hasParts: false,
      options: [{ letter: "f", long: "force" }],
      usage: "[-f] object state",
      operands: [2, 2],
    });
    const printer = new Printer(context.invocation);
    let status = 1;
    await orFailure(async () => {
      for (const { pool, states } of room.places()) {
        for (const state of room.states) {
          const isBroken = await room.pools.breakStateLock(states, state, { force: room.given.options.has("f") });
          if (!isBroken) continue;
          status = 0;
          if (room.given.options.has("j")) printer.print(jsonLine({ ...state, pool, location: states.files.location }));
        }
      }
    });
    printer.flush();
    if (status !== 0) context.warn("the state is not locked");
    return status;
  });
}
