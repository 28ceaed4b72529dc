// `pool show`: lists the states of objects on this host and in the pools.

import type { Context } from "../context.ts";
import { jsonLine } from "../json.ts";
import { messageOf, orFailure, textOf } from "../library_failures.ts";
import { Printer } from "../printer.ts";
import { table } from "../table.ts";
import { orTrouble, TROUBLE } from "../trouble.ts";
import { shown } from "./failure_text.ts";
import { type Place, Room } from "./room.ts";

const HEADING = ["OBJECT", "STATE", "BYTES", "SINCE", "SCOPE", "POOL"] as const;

/** A state of a location, as its manifest tells. */
interface Shown {
  readonly object: string;
  readonly state: string;
  readonly place: Place;
  readonly parent: string | null;
  /** `null` if the manifest cannot be read. */
  readonly bytes: number | null;
  /** Why the manifest cannot be read; `null` if it can. */
  readonly fault: string | null;
}

/**
 * Lists states. One whose manifest cannot be read is listed with its fault, and does not fail the list. If this host or
 * a pool fails, the others are listed, and the status is 2.
 */
export async function show(context: Context): Promise<number> {
  return await orTrouble(async () => {
    await using room = await Room.open(context, {
      name: "show",
      hasParts: false,
      usage: "object [...]",
      operands: [1, Infinity],
    });
    const found: Shown[] = [];
    let status = 0;
    await orFailure(async () => {
      // One connection to a host serves all objects.
      const places = room.places();
      for (const object of room.given.operands.map(textOf)) {
        for (const place of places) {
          const isListed = await room.at(place, { object, state: null }, async () => {
            for (const state of await place.states.states(object)) found.push(await shownOf(place, object, state));
          });
          if (!isListed) status = TROUBLE;
        }
      }
    });
    const printer = new Printer(context.invocation);
    // An empty table would say that the pool which failed has no states.
    if (found.length > 0 || status === 0) {
      printer.print(
        room.given.options.has("j")
          ? found.map(({ place: { scope, pool, states }, ...rest }) =>
            jsonLine({ ...rest, scope, pool, location: states.files.location })
          ).join("")
          : table([HEADING, ...found.map(row)]),
      );
    }
    printer.flush();
    return status;
  });
}

async function shownOf(place: Place, object: string, state: string): Promise<Shown> {
  try {
    const manifest = await place.states.manifest(object, state);
    const bytes = manifest?.files.reduce((sum, { size }) => sum + size, 0) ?? 0;
    return { object, state, place, parent: manifest?.parent ?? null, bytes, fault: null };
  } catch (error) {
    return { object, state, place, parent: null, bytes: null, fault: messageOf(error) };
  }
}

function row({ object, state, parent, bytes, fault, place: { scope, pool } }: Shown): readonly string[] {
  const [one, other, since, where] = [object, state, parent ?? "-", pool ?? "-"].map(shown);
  return [
    one ?? "",
    other ?? "",
    `${bytes ?? "-"}`,
    since ?? "",
    scope,
    `${where}${fault === null ? "" : ` (${fault})`}`,
  ];
}
