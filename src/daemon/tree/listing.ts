// Walks over the nodes of a tree, in an order in which the tree can be built again.

import type { Children } from "./children.ts";
import type { Child } from "./children_trie.ts";

/** What a walk needs of a node. */
interface Parent<T extends Child> extends Child {
  readonly children: Children<T>;
}

/** A node and its path. */
export interface PlacedNode<T> {
  readonly path: string;
  readonly node: T;
  /**
   * Whether the walk goes on with the children of this node. The caller may set it to false before it takes the next
   * node.
   */
  descend: boolean;
}

/**
 * Lists all nodes below a top, each after its parent and after the siblings that were made before it. A change that is
 * made during the walk does not show, if the top is one that a view gave. `prefix` is the path of the top; without one,
 * the top stands above the root.
 */
export function* nodesBelow<T extends Parent<T>>(top: T, prefix?: string): Generator<PlacedNode<T>> {
  // The walk has a stack of its own: guests decide how deep a tree is (XSA-418).
  const stack = [{ path: prefix ?? "", children: top.children.list()[Symbol.iterator]() }];
  for (let level = stack.at(-1); level !== undefined; level = stack.at(-1)) {
    const { done, value: node } = level.children.next();
    if (done) {
      stack.pop();
      continue;
    }
    const { name } = node;
    // The name of the root is "", and the name of a special node is its path.
    const path = prefix === undefined && stack.length === 1 ? name : `${level.path}/${name}`;
    const placed = { path: path === "" ? "/" : path, node, descend: true };
    yield placed;
    if (placed.descend) stack.push({ path, children: node.children.list()[Symbol.iterator]() });
  }
}

/** Lists a node and all nodes below it, in no particular order. */
export function* subtree<T extends Parent<T>>(top: T): Generator<T> {
  const stack = [top];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    yield node;
    for (const child of node.children.list()) stack.push(child);
  }
}
