// The node of a tree as dumps and checkpoints have it, and the order of the nodes in them.

import { isEqual, toLatin1 } from "../wire/text.ts";
import { bytesOf } from "./bytes.ts";
import { bytesFromJson, type JsonBytes, jsonOf } from "./json.ts";

/** A node. Paths, names and permissions are texts in which each character is one byte. */
export interface TreeNode {
  /** The path from the root. */
  readonly path: string;
  /** The value, of any bytes. */
  readonly value: Uint8Array;
  /** The permissions as the store writes them, such as `"n0"` and `"r5"`, with that of the owner first. */
  readonly permissions: readonly string[];
  /**
   * The names of the children that come first in the order of the store. The others follow, sorted by their bytes.
   * `null` if all children are sorted.
   */
  readonly order: readonly string[] | null;
}

/** What a node has beside its path, in JSON. */
export interface JsonNode {
  readonly value: JsonBytes;
  readonly permissions: readonly JsonBytes[];
  readonly order?: readonly JsonBytes[];
}

/** Returns a node in JSON, without its path. */
export function nodeToJson({ value, permissions, order }: TreeNode): JsonNode {
  const node = { value: jsonOf(toLatin1(value)), permissions: permissions.map(jsonOf) };
  return order === null ? node : { ...node, order: order.map(jsonOf) };
}

/** Returns the node that stands in JSON, or `null` if that is no node. */
export function nodeFromJson(path: string, record: Readonly<Record<string, unknown>>): TreeNode | null {
  const value = bytesFromJson(record.value);
  const permissions = textsFromJson(record.permissions);
  const order = record.order === undefined ? null : textsFromJson(record.order);
  if (value === null || permissions === null) return null;
  if (record.order !== undefined && (order === null || order.some((name) => name.includes("/")))) return null;
  return { path, value: bytesOf(value), permissions, order };
}

/** Returns the texts of a list in JSON, each of which a NUL may end on the wire; `null` if that is no such list. */
function textsFromJson(json: unknown): string[] | null {
  if (!Array.isArray(json) || json.length === 0) return null;
  const texts: string[] = [];
  for (const one of json) {
    const text = bytesFromJson(one);
    if (text === null || text === "" || text.includes("\0")) return null;
    texts.push(text);
  }
  return texts;
}

/** Returns the names that come before the longest sorted end of a list, or `null` if the list is sorted. */
export function orderOf(names: readonly string[]): string[] | null {
  let sorted = names.length - 1;
  while (sorted > 0 && (names[sorted - 1] ?? "") < (names[sorted] ?? "")) sorted--;
  return sorted <= 0 ? null : names.slice(0, sorted);
}

/** Whether two nodes have the same permissions in the same order. */
export function hasEqualPermissions(a: TreeNode, b: TreeNode): boolean {
  return areEqual(a.permissions, b.permissions);
}

/** Whether two nodes have the same value and the same permissions. */
export function isEqualNode(a: TreeNode, b: TreeNode): boolean {
  return isEqual(a.value, b.value) && hasEqualPermissions(a, b);
}

/** Whether two nodes have their children in the same order, as far as their lists tell. */
export function hasEqualOrder(a: TreeNode, b: TreeNode): boolean {
  return a.order === null || b.order === null ? a.order === b.order : areEqual(a.order, b.order);
}

function areEqual(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((one, at) => one === b[at]);
}

/**
 * Compares two paths by the order of a dump: a node comes before the nodes below it, and siblings are sorted by bytes.
 *
 * Returns a negative number if `a` comes first.
 */
export function comparePaths(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    if (a[at] !== b[at]) return rank(a.charAt(at)) - rank(b.charAt(at));
  }
  return a.length - b.length;
}

/** A slash ends a name, so it comes before all bytes of a longer name. */
function rank(character: string): number {
  return character === "/" ? -1 : character.charCodeAt(0);
}

/** Returns whether a path is `top` or below it. */
export function isWithin(path: string, top: string): boolean {
  return path === top || top === "/" || path.startsWith(`${top}/`);
}

/** Returns the path below `top` that another path has below `from`. */
export function rebased(path: string, from: string, top: string): string {
  if (from === top) return path;
  const rest = from === "/" ? path.slice(1) : path.slice(from.length + 1);
  return rest === "" ? top : top === "/" ? `/${rest}` : `${top}/${rest}`;
}

/**
 * Returns what is wrong with the place of a node, or `null`. Its parent is the previous node or a parent of that.
 */
export function placeFault(path: string, top: string, previous: string | null): string | null {
  if (previous === null) return path === top ? null : "is not the node that the first line names";
  if (!/^(?:\/[^/\0]+)+$/.test(path)) return "has an invalid path";
  const parent = path.slice(0, path.lastIndexOf("/")) || "/";
  if (!isWithin(previous, parent) || !isWithin(parent, top)) return "comes without the line of its parent before it";
  return comparePaths(previous, path) < 0 ? null : "is not in the order of a dump";
}
