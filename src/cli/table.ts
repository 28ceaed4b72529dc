// A table of texts in columns.

const GAP = 2;

/** Returns rows as lines whose columns are aligned. The texts are printable ASCII. */
export function table(rows: readonly (readonly string[])[]): string {
  const columns = Math.max(0, ...rows.map((cells) => cells.length));
  const widths = Array.from(
    { length: columns },
    (_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)),
  );
  return rows.map((cells) =>
    `${cells.map((cell, column) => cell.padEnd((widths[column] ?? 0) + GAP)).join("").trimEnd()}\n`
  ).join("");
}
