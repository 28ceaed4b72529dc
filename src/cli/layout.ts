// The lines of `ls`: how names, values and permissions are cut and aligned to a width.

import { escapeBytes, escapeText } from "./escape.ts";
import { atoi } from "./numbers.ts";

const DEFAULT_WIDTH = 80;
/** The column that dots lead to, with the permissions after it. */
const PERMISSIONS_COLUMN = 60;
/** The length of ` = "..."`, which a cut line still has. */
const TAG = 8;

/** How the lines are laid out. */
export interface Layout {
  /** Whether lines show whole paths and no indentation. */
  readonly isFlat: boolean;
  /** The width that values are cut to. */
  readonly width: number;
  /** The column that dots lead to. */
  readonly column: number;
}

/** Chooses the layout: `columns` is the width of the terminal, or `null` if the output goes elsewhere. */
export function layoutOf(isFlat: boolean, columns: number | null): Layout {
  const width = columns === null ? (isFlat ? Infinity : DEFAULT_WIDTH) : columns - 2;
  return { isFlat, width, column: isFlat ? 0 : Math.min(PERMISSIONS_COLUMN, width) };
}

/** The start of a line: the name, and how many columns it takes. */
export interface Label {
  readonly text: string;
  readonly columns: number;
}

/** Returns the start of a line. A flat line has the path, which does not count for the width. */
export function labelOf(name: string, path: string, depth: number, { isFlat, width }: Layout): Label {
  if (isFlat) return { text: escapeText(path), columns: 0 };
  const text = " ".repeat(depth) + cut(escapeText(name), width - TAG - depth);
  return { text, columns: text.length };
}

/**
 * Returns the value as it follows the label. With permissions, dots lead to their column.
 *
 * A value that is too long is cut. The tools decide that by the length before escaping, and so does this function.
 */
export function valueText(
  value: Uint8Array,
  { columns }: Label,
  { width, column }: Layout,
  hasPermissions: boolean,
): string {
  const escaped = escapeBytes(value);
  // The tools compare without a sign, so a terminal without a width cuts nothing.
  if (width >= 0 && width < columns + value.length + TAG) {
    return ` = "${cut(escaped, width - TAG - columns)}\\..."`;
  }
  const text = ` = "${escaped}"`;
  if (!hasPermissions) return text;
  let dots = " ";
  for (let at = columns + text.length + 1; at < column; at++) dots += at % 2 === 1 ? "." : " ";
  return text + dots;
}

/** Returns the permissions as they follow a value. */
export function permissionsText(permissions: readonly string[]): string {
  return `  (${permissions.map(permissionText).join(",")})`;
}

/** The tools keep a domid in 32 bits with a sign. Oxenstored sends -1 as 2^63 - 1. */
function permissionText(permission: string): string {
  return /^[nrwb]-?\d+$/.test(permission)
    ? `${permission.charAt(0)}${atoi(permission.slice(1))}`
    : escapeText(permission);
}

/** Cuts as printf() does: a negative length cuts nothing. */
function cut(text: string, length: number): string {
  return length < 0 ? text : text.slice(0, length);
}
