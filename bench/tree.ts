// What the variants read: a few nodes, and a tree.

import type { Client } from "../mod.ts";

/** The top of the tree of each run: 10 children each, 4 levels below the top, 11,111 nodes. */
export const TREE = "/bench/tree";

/** Writes all that the variants read. */
export async function populate(store: Client): Promise<void> {
  await store.write("/bench/value", "hello");
  await store.write("/bench/count", "0");
  const writes: Promise<void>[] = [];
  const grow = (path: string, depth: number): void => {
    writes.push(store.write(path, `value of a node at depth ${depth}`));
    for (let i = 0; depth < 4 && i < 10; i++) grow(`${path}/${i}`, depth + 1);
  };
  grow(TREE, 0);
  await Promise.all(writes);
}
