// The table of domains that `xl list` and `xl list -v` print.

import { uuidOf } from "./uuid.ts";

/** A row of the table. */
export interface XlRow {
  readonly name: string;
  readonly id: number;
  /** The five letters without the reason: `"-b----"` has r, b, p, s, c and d, each in its column. */
  readonly letters: string;
  /** The letter of the reason of a shutdown. `null` if the domain is not shut down. */
  readonly shutdownReason: string | null;
  /** `null` without `-v`. */
  readonly uuid: string | null;
}

/** The rows of a table, and the other lines. */
export interface XlTable {
  readonly rows: readonly XlRow[];
  readonly others: readonly string[];
}

const DOMID_MAX = 65535;
/** Name, number, memory, virtual CPUs, states and seconds. The name may have blanks: the row counts from its end. */
const row =
  /^(.*?) +(\d{1,5}) +\d+ +\d+ +([r-][b-][p-][s-])([-rscwS?])([d-]) +\d+\.\d+(?: +([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?: .*)?)?$/;

/** Parses the table. The line of the titles, and empty lines, are neither rows nor others. */
export function parseXlTable(text: string): XlTable {
  const rows: XlRow[] = [];
  const others: string[] = [];
  const [titles = "", ...lines] = text.split("\n");
  if (!/^Name +ID +Mem +VCPUs\s/.test(titles)) lines.unshift(titles);
  for (const line of lines) {
    const parsed = parseRow(line);
    if (parsed !== null) rows.push(parsed);
    else if (line.trim() !== "") others.push(line);
  }
  return { rows, others };
}

function parseRow(line: string): XlRow | null {
  const [, name = "", id = "", states = "", reason = "", dying = "", uuid = ""] = row.exec(line) ?? [];
  const number = Number(id);
  if (id === "" || number > DOMID_MAX) return null;
  const isShutDown = states.endsWith("s");
  // The fifth column has the reason of a shutdown. That of a crash is the state `c` as well.
  const letters = `${states}${reason === "c" ? "c" : "-"}${dying}`;
  return { name, id: number, letters, shutdownReason: isShutDown ? reason : null, uuid: uuidOf(uuid) };
}
