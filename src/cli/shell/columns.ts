// A list of choices in columns, as wide as the terminal.

/** The number of choices that are shown. */
const CHOICES_MAX = 200;
const GAP = 2;
const ELLIPSIS = "...";

/** Returns a long list in columns that fit a width, or its beginning. The texts are printable ASCII. */
export function inColumns(choices: readonly string[], width: number): string {
  const shown = choices.slice(0, CHOICES_MAX).map((text) =>
    text.length < width ? text : `${text.slice(0, Math.max(width - ELLIPSIS.length - 1, 0))}${ELLIPSIS}`
  );
  const cell = Math.max(...shown.map(({ length }) => length)) + GAP;
  const columns = Math.max(Math.floor((width - 1) / cell), 1);
  const rows = Math.ceil(shown.length / columns);
  let text = "";
  for (let row = 0; row < rows; row++) {
    const cells = shown.filter((_, at) => at % rows === row);
    text += `${cells.map((choice) => choice.padEnd(cell)).join("").trimEnd()}\n`;
  }
  const more = choices.length - shown.length;
  return more === 0 ? text : `${text}... and ${more} more\n`;
}
