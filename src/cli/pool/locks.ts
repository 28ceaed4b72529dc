// `pool locks` and `pool break-lock`: who holds the locks of states, and an end to them.

import type { Context } from "../context.ts";
import { jsonLine } from "../json.ts";
import { orFailure, textOf } from "../library_failures.ts";
import { Printer } from "../printer.ts";
import { table } from "../table.ts";
import { orTrouble, TROUBLE } from "../trouble.ts";
import { failureText, shown } from "./failure_text.ts";
import { Room } from "./room.ts";

const HEADING = ["OBJECT", "STATE", "HOST", "PROCESS", "SINCE", "SEEN", "STALE", "POOL"] as const;
const SECOND = 1000;

/** Lists the locks of this host and of the pools. If one fails, the others are listed, and the status is 2. */
export async function locks(context: Context): Promise<number> {
  return await orTrouble(async () => {
    await using room = await Room.open(context, {
      name: "locks",
      hasParts: false,
      usage: "object [...]",
      operands: [1, Infinity],
    });
    const rows: (readonly string[])[] = [];
    const lines: string[] = [];
    let status = 0;
    await orFailure(async () => {
      // One connection to a host serves all objects.
      const places = room.places();
      for (const object of room.given.operands.map(textOf)) {
        for (const place of places) {
          const { pool, states } = place;
          const isListed = await room.at(place, { object, state: null }, async () => {
            for (const lock of await room.pools.stateLocks(states, object)) {
              const { state, owner, age, isStale } = lock;
              const cells = [object, state, owner?.host ?? "-", `${owner?.process ?? "-"}`, owner?.since ?? "-"];
              rows.push(
                [...cells, `${Math.round(age / SECOND)} s ago`, isStale ? "yes" : "no", pool ?? "-"].map(shown),
              );
              lines.push(jsonLine({ ...lock, pool, location: states.files.location }));
            }
          });
          if (!isListed) status = TROUBLE;
        }
      }
    });
    const printer = new Printer(context.invocation);
    if (rows.length > 0 || status === 0) {
      printer.print(room.given.options.has("j") ? lines.join("") : table([HEADING, ...rows]));
    }
    printer.flush();
    return status;
  });
}

/** Breaks the lock of a state, at all permitted locations. Resolves with 1 if there was no lock. */
export async function breakLock(context: Context): Promise<number> {
  return await orTrouble(async () => {
    await using room = await Room.open(context, {
      name: "break-lock",
      hasParts: false,
      options: [{ letter: "f", long: "force" }],
      usage: "[-f] object state",
      operands: [2, 2],
    });
    const printer = new Printer(context.invocation);
    let [isBroken, hasFailed] = [false, false];
    await orFailure(async () => {
      for (const place of room.places()) {
        const { pool, states } = place;
        for (const state of room.states) {
          const isDone = await room.at(place, state, async () => {
            if (!await room.pools.breakStateLock(states, state, { force: room.given.options.has("f") })) return;
            isBroken = true;
            if (room.given.options.has("j")) {
              printer.print(jsonLine({ ...state, pool, location: states.files.location }));
            }
          });
          if (!isDone) hasFailed = true;
        }
      }
    });
    printer.flush();
    if (hasFailed) return TROUBLE;
    if (isBroken) return 0;
    for (const state of room.states) {
      context.warn(failureText({ action: "break-lock", ...state }, "the state is not locked"));
    }
    return 1;
  });
}
