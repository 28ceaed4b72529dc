// The difference of a checkpoint to an earlier one: its lines, and how it is applied.

import { bytesFromJson } from "./json.ts";
import type { TreeDifference, TreeNodes } from "./differences.ts";
import { type End, type Lines, readEntries } from "./dump_format.ts";
import {
  comparePaths,
  hasEqualOrder,
  isEqualNode,
  isWithin,
  nodeFromJson,
  placeFault,
  type TreeNode,
} from "./tree_node.ts";
import { BrokenChainError } from "./tree_errors.ts";

/** Reads the lines of a difference. Throws a {@linkcode DumpError} if a line is invalid. */
export function readDifferences(lines: Lines): AsyncGenerator<TreeDifference, End> {
  let previous: string | null = null;
  return readEntries(lines, "differences", (record) => {
    const difference = differenceOf(record);
    if (difference === null) return "is no difference";
    const { path } = difference;
    if (!isWithin(path, lines.head.path)) return "is outside of the tree";
    if (previous !== null && comparePaths(previous, path) >= 0) return "is not in the order of a dump";
    previous = path;
    return difference;
  });
}

function differenceOf({ change, path: json, before, after }: Readonly<Record<string, unknown>>): TreeDifference | null {
  const path = bytesFromJson(json);
  if (path === null) return null;
  const [old, young] = [nodeOf(path, before), nodeOf(path, after)];
  if (change === "added" && young !== null) return { change, path, after: young };
  if (change === "removed" && old !== null) return { change, path, before: old };
  if (change === "changed" && old !== null && young !== null) return { change, path, before: old, after: young };
  return null;
}

function nodeOf(path: string, json: unknown): TreeNode | null {
  return typeof json === "object" && json !== null ? nodeFromJson(path, { ...json }) : null;
}

/**
 * Yields the nodes of a tree that differs from another one. Holds one node of each at a time.
 *
 * Throws a {@linkcode BrokenChainError} if the other tree is not the one that the differences start from.
 */
export async function* applied(
  { name, head }: Lines,
  parent: TreeNodes,
  differences: AsyncGenerator<TreeDifference, unknown>,
): AsyncGenerator<TreeNode, void> {
  const nextNode = async (): Promise<TreeNode | null> => {
    const result = await parent.next();
    return result.done === true ? null : result.value;
  };
  let previous: string | null = null;
  const checked = (node: TreeNode): TreeNode => {
    const fault = placeFault(node.path, head.path, previous);
    if (fault !== null) {
      throw new BrokenChainError(`cannot read ${name}: the node ${JSON.stringify(node.path)} ${fault}`);
    }
    previous = node.path;
    return node;
  };
  try {
    let old = await nextNode();
    for await (const difference of differences) {
      const { change, path } = difference;
      for (; old !== null && comparePaths(old.path, path) < 0; old = await nextNode()) yield checked(old);
      const known: TreeNode | null = old?.path === path ? old : null;
      const before = change === "added" ? null : difference.before;
      if (!isSame(known, before)) {
        throw new BrokenChainError(`cannot read ${name}: the node ${JSON.stringify(path)} of its parent was changed`);
      }
      if (known !== null) old = await nextNode();
      if (change !== "removed") yield checked(difference.after);
    }
    for (; old !== null; old = await nextNode()) yield checked(old);
  } finally {
    await Promise.all([parent.return(undefined), differences.return(undefined)]);
  }
}

function isSame(a: TreeNode | null, b: TreeNode | null): boolean {
  return a === null || b === null ? a === b : isEqualNode(a, b) && hasEqualOrder(a, b);
}
