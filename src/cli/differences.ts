// The differences between two streams of nodes, and how they are shown.

import { comparePaths, type DumpNode } from "./dump_format.ts";
import { escapeText } from "./escape.ts";
import { jsonLine, jsonOf } from "./json.ts";

/** A node that differs. */
export type Difference =
  | { readonly change: "added"; readonly path: string; readonly after: DumpNode }
  | { readonly change: "removed"; readonly path: string; readonly before: DumpNode }
  | { readonly change: "changed"; readonly path: string; readonly before: DumpNode; readonly after: DumpNode };

/** Yields the differences of two streams in the order of a dump. Holds one node of each at a time. */
export async function* differences(
  before: AsyncGenerator<DumpNode, void>,
  after: AsyncGenerator<DumpNode, void>,
): AsyncGenerator<Difference, void> {
  const next = async (nodes: AsyncGenerator<DumpNode, void>): Promise<DumpNode | null> =>
    (await nodes.next()).value ?? null;
  let [old, young] = [await next(before), await next(after)];
  while (old !== null || young !== null) {
    const order = old === null ? 1 : young === null ? -1 : comparePaths(old.path, young.path);
    if (old !== null && order < 0) {
      yield { change: "removed", path: old.path, before: old };
      old = await next(before);
    } else if (young !== null && order > 0) {
      yield { change: "added", path: young.path, after: young };
      young = await next(after);
    } else if (old !== null && young !== null) {
      if (!isEqual(old, young)) yield { change: "changed", path: old.path, before: old, after: young };
      [old, young] = [await next(before), await next(after)];
    }
  }
}

function isEqual(a: DumpNode, b: DumpNode): boolean {
  return a.value === b.value && hasEqualPermissions(a, b);
}

/** Whether two nodes have the same permissions in the same order. */
export function hasEqualPermissions(a: DumpNode, b: DumpNode): boolean {
  return a.permissions.length === b.permissions.length && a.permissions.every((one, at) => one === b.permissions[at]);
}

/** Returns a difference as lines for people, or as one line of JSON. */
export function differenceText(difference: Difference, asJson: boolean): string {
  return asJson ? jsonText(difference) : plainText(difference);
}

function plainText(difference: Difference): string {
  const path = escapeText(difference.path);
  if (difference.change === "added") {
    return `+ ${path} = ${value(difference.after)}  ${permissions(difference.after)}\n`;
  }
  const { before } = difference;
  if (difference.change === "removed") return `- ${path} = ${value(before)}  ${permissions(before)}\n`;
  const { after } = difference;
  const values = before.value === after.value ? "" : ` = ${value(before)} -> ${value(after)}`;
  if (hasEqualPermissions(before, after)) return `~ ${path}${values}\n`;
  return `~ ${path}${values}  ${permissions(before)} -> ${permissions(after)}\n`;
}

function value(node: DumpNode): string {
  return `"${escapeText(node.value)}"`;
}

function permissions(node: DumpNode): string {
  return `(${node.permissions.map(escapeText).join(",")})`;
}

function jsonText(difference: Difference): string {
  const state = ({ value, permissions }: DumpNode): object => ({
    value: jsonOf(value),
    permissions: permissions.map(jsonOf),
  });
  return jsonLine({
    change: difference.change,
    path: jsonOf(difference.path),
    ...difference.change === "added" ? {} : { before: state(difference.before) },
    ...difference.change === "removed" ? {} : { after: state(difference.after) },
  });
}
