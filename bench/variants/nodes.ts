// A tree of many nodes in directories of several sizes: the paths of its nodes, and how it is made.

import type { Client } from "../../mod.ts";

/** The top of the tree. */
export const NODES = "/bench/nodes";
const AT_ONCE = 1000;

/**
 * Returns the path of a node: every fourth in one directory, the others by twelve in directories, which are grouped by
 * twenty.
 */
export function nodePath(i: number): string {
  return i % 4 === 0 ? `${NODES}/flat/${i}` : `${NODES}/tree/${Math.floor(i / 320)}/${Math.floor(i / 16)}/${i}`;
}

/** Returns the number of all nodes: the requested ones, and their directories. */
export function nodesWithDirectories(count: number): number {
  return count + Math.ceil(count / 320) + Math.ceil(count / 16) + 3;
}

/** Writes the nodes from one number to another, the latter not among them. */
export async function writeNodes(store: Client, from: number, to: number): Promise<void> {
  for (let start = from; start < to; start += AT_ONCE) {
    const length = Math.min(AT_ONCE, to - start);
    await Promise.all(Array.from({ length }, (_, i) => store.write(nodePath(start + i), `value ${start + i}`)));
  }
}
