// Reads a recorded trace.

import { linesOf, recordOf } from "../../checkpoints/lines.ts";
import { Failure } from "../invocation.ts";
import { orFailure } from "../store_nodes.ts";
import { headFault, recordFrom, type TraceRecord } from "./record.ts";

/** The longest line, in characters: that of a list of 4 MiB whose bytes are all escaped. */
const LINE_MAX = 32 << 20;

/**
 * Yields the records of a trace, of which it holds one at a time.
 *
 * Throws a {@linkcode Failure} with `name` and the number of the line if the trace is invalid.
 */
export async function* recordsOf(name: string, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<TraceRecord, void> {
  let number = 0;
  const open = new Set<number>();
  for await (const line of orFailure(linesOf(name, chunks, LINE_MAX))) {
    number++;
    const json = recordOf(line);
    if (number === 1) {
      const fault = headFault(json);
      if (fault !== null) throw new Failure(`${name} is not a trace: ${fault}`);
      continue;
    }
    const record = json === null ? null : recordFrom(json);
    if (record === null) throw new Failure(`cannot read ${name}: line ${number} is no record of a trace`);
    if (open.has(record.connection) === (record.type === "open")) {
      const fault = record.type === "open" ? "opens a connection again" : "is of a connection that was not opened";
      throw new Failure(`cannot read ${name}: line ${number} ${fault}`);
    }
    open.add(record.connection);
    yield record;
  }
  if (number === 0) throw new Failure(`${name} is not a trace: it is empty`);
}
