// Colours: whether the output has them, and those of differences.

import { differenceText, type TreeDifference } from "../checkpoints/trees/differences.ts";
import type { Context } from "./context.ts";

/** The codes of the colours of changes: green, red and yellow. */
const codes: Readonly<Record<TreeDifference["change"], number>> = { added: 32, removed: 31, changed: 33 };

/** Tells whether the output has colours: as `--color` says or, without it, on a terminal without `NO_COLOR`. */
export function isColoured({ invocation, globals: { color } }: Pick<Context, "invocation" | "globals">): boolean {
  if (color !== "auto") return color === "always";
  return invocation.columns() !== null && !invocation.variable("NO_COLOR") && invocation.variable("TERM") !== "dumb";
}

/** Returns what makes the line of a difference, which has the colour of its change. JSON has no colours. */
export function differenceLines(context: Context, asJson: boolean): (difference: TreeDifference) => string {
  if (asJson || !isColoured(context)) return (difference) => differenceText(difference, asJson);
  return (difference) => `\x1b[${codes[difference.change]}m${differenceText(difference, false).trimEnd()}\x1b[0m\n`;
}
