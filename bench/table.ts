// Tables in plain text, and how their numbers are written.

import type { Spread } from "./statistics.ts";

/** Three digits that count. */
export function figure(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value.toFixed(value >= 10 ? 1 : 2);
}

/** `12.3 (10.0-15.0)`. */
export function spreadText({ median, min, max }: Spread): string {
  return `${figure(median)} (${figure(min)}-${figure(max)})`;
}

/** Rows under a heading, the first column to the left and the others to the right. */
export function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [heading, ...rows];
  const widths = heading.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    widths.map((width, column) => {
      const cell = row[column] ?? "";
      return column === 0 ? cell.padEnd(width) : cell.padStart(width);
    }).join("  ").trimEnd();
  return [line(heading), widths.map((width) => "-".repeat(width)).join("  "), ...rows.map(line)].join("\n");
}
