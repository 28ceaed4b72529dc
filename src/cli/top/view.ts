// The lines that `top` shows: a summary, a table of domains and a table of paths.

import { escapeText } from "../escape.ts";
import type { Snapshot } from "./activity.ts";
import type { Changes, Order } from "./change_counter.ts";

/** What the lines depend on. */
export interface View {
  readonly snapshot: Snapshot;
  /** The names of domains by their numbers, as byte strings. */
  readonly names: ReadonlyMap<string, string>;
  readonly order: Order;
  readonly isPaused: boolean;
}

/** The keys of the full screen. */
export const KEYS = "q quit   p pause   r by rate   t by total   n by name";
const NUMBER_WIDTH = 11;
const RATE_SHORT = 10;
/** The lines of the full screen that are no rows: the summary, two headings, two empty lines and the keys. */
const OTHER_LINES = 6;
const CUT = "...";

/** Returns how many rows of domains and of paths a screen has room for. */
export function roomOf(rows: number): { readonly domains: number; readonly paths: number } {
  const room = Math.max(rows - OTHER_LINES, 2);
  const domains = Math.max(Math.floor(room / 3), 1);
  return { domains, paths: room - domains };
}

/** Returns the lines of a screen, each of at most so many columns. Headings are marked by `isHeading`. */
export function screenLines(
  view: View,
  rows: number,
  columns: number,
): { readonly text: string; readonly isHeading: boolean }[] {
  const { snapshot, order, isPaused } = view;
  const room = roomOf(rows);
  const line = (text: string, isHeading = false) => ({ text: text.slice(0, columns), isHeading });
  const state = isPaused ? "paused" : `sorted by ${order}`;
  const summary = summaryOf(snapshot);
  const [domains = [], paths = []] = [domainRows(view), pathRows(view)].map((table) => tableLines(table, columns));
  const lines = [
    line(`${summary}${state.padStart(Math.max(columns - summary.length, state.length + 1))}`),
    line(""),
    ...domains.slice(0, room.domains + 1).map((text, at) => line(text, at === 0)),
    line(""),
    ...paths.slice(0, room.paths + 1).map((text, at) => line(text, at === 0)),
  ];
  while (lines.length < rows - 1) lines.push(line(""));
  return [...lines.slice(0, rows - 1), line(KEYS)];
}

/** Returns the lines of a plain table. */
export function plainLines(view: View, columns: number): string[] {
  const tables = [domainRows(view), pathRows(view)].map((table) => tableLines(table, columns));
  return [summaryOf(view.snapshot), "", ...tables[0] ?? [], "", ...tables[1] ?? []];
}

function summaryOf({ total, rate, seconds }: Snapshot): string {
  const average = seconds === 0 ? 0 : total / seconds;
  return `${total} changes in ${Math.round(seconds * 10) / 10} s   now ${rateText(rate)}/s   average ${
    rateText(average)
  }/s`;
}

/** A table: the heading of its first column, and its rows. */
interface Table {
  readonly heading: string;
  readonly rows: readonly (Changes & { readonly label: string })[];
  readonly seconds: number;
}

function domainRows({ snapshot: { domains, seconds }, names }: View): Table {
  const rows = domains.map((row) => {
    const name = names.get(row.key);
    return { ...row, label: escapeText(row.key) + (name === undefined ? "" : ` ${escapeText(name)}`) };
  });
  return { heading: "DOMAIN", rows, seconds };
}

function pathRows({ snapshot: { paths, seconds } }: View): Table {
  return { heading: "PATH", rows: paths.map((row) => ({ ...row, label: escapeText(row.key) })), seconds };
}

function tableLines({ heading, rows, seconds }: Table, columns: number): string[] {
  const numbers = (...cells: string[]): string => cells.map((cell) => cell.padStart(NUMBER_WIDTH)).join("");
  const width = Math.max(columns - 3 * NUMBER_WIDTH, heading.length);
  return [
    heading.padEnd(width) + numbers("NOW/S", "AVERAGE/S", "CHANGES"),
    ...rows.map(({ label, rate, total }) =>
      cutStart(label, width).padEnd(width) +
      numbers(rateText(rate), rateText(seconds === 0 ? 0 : total / seconds), `${total}`)
    ),
  ];
}

/** Cuts the start of a text: the end of a path tells more. */
function cutStart(text: string, width: number): string {
  return text.length <= width ? text : CUT + text.slice(text.length - Math.max(width - CUT.length, 0));
}

function rateText(rate: number): string {
  return rate < RATE_SHORT ? rate.toFixed(1) : rate.toFixed(0);
}
