// The nodes of a tree, in an order in which it can be built again.

import type { Change, StoreNode } from "./tree.ts";

/** A node, and where it is. */
export interface PlacedNode {
  readonly path: string;
  readonly node: StoreNode;
}

/**
 * All nodes below a top: each behind its parent, and behind those of its siblings that were made before it. They are those
 * of the tree as it was when this was called, whatever changes meanwhile.
 */
export function* nodesBelow(top: StoreNode): Generator<PlacedNode> {
  // With a stack of its own: how deep a tree is, is up to guests.
  const stack = [{ path: "", children: top.children.entries()[Symbol.iterator]() }];
  for (let level = stack.at(-1); level !== undefined; level = stack.at(-1)) {
    const { done, value } = level.children.next();
    if (done) {
      stack.pop();
      continue;
    }
    const [name, node] = value;
    // The root's name is "", and a special node's own name is its path.
    const path = stack.length === 1 ? name : `${level.path}/${name}`;
    yield { path: path === "" ? "/" : path, node };
    stack.push({ path, children: node.children.entries()[Symbol.iterator]() });
  }
}

/** The changes that build the tree below a top, from one without any node. */
export function* changesOf(top: StoreNode): Generator<Change> {
  for (const { path, node } of nodesBelow(top)) {
    yield { kind: "put", path, value: node.value, permissions: node.permissions };
  }
}
