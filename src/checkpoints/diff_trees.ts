// The difference between two trees: checkpoints, or trees of a live store.

import type { Client } from "../client/client.ts";
import { REQUEST_OPTIONS, type RequestOptions } from "../client/arguments.ts";
import { checkOptions, type OptionNames } from "../wire/checks.ts";
import { differences, differenceText, type TreeDifference, type TreeNodes } from "./differences.ts";
import { liveNodes } from "./live_nodes.ts";
import { RawNodes } from "./raw_nodes.ts";
import { TreeCheckpoint } from "./tree_checkpoint.ts";
import { rebased, type TreeNode } from "./tree_node.ts";
import { absolutePath } from "./tree_path.ts";

/** A tree of a live store. */
export interface LiveTree {
  /** The client, which must be allowed to read all nodes of the tree. */
  readonly client: Client;
  /** The absolute path of the top. */
  readonly path: string;
}

const LIVE: OptionNames<LiveTree> = { client: true, path: true };

/**
 * Compares two trees: checkpoints, or trees of a live store.
 *
 * Yields a difference for each node that only one tree has, or whose value or permissions differ. The order of children
 * does not count. If the tops have different paths, the paths are those of the first tree. Memory does not grow with
 * the trees. A live tree is read without a transaction, so that the store may change between two nodes.
 *
 * @param a The first tree.
 * @param b The second tree.
 * @param options The signal that ends the wait.
 * @returns An async iterator of the differences, in the order of a dump.
 * @throws {DumpError} If a checkpoint is invalid.
 * @throws {XenStoreError} If a client may not read a node: EACCES.
 *
 * @example
 * ```ts
 * import { connect } from "tsxs";
 * import { diffTrees, formatDifference, saveTree } from "tsxs/checkpoints";
 *
 * await using store = await connect();
 * await store.write("/tool/example", "1");
 * const checkpoint = await saveTree(store, "/tool/example");
 * await store.write("/tool/example/child", "new");
 * for await (const difference of diffTrees(checkpoint, { client: store, path: "/tool/example" })) {
 *   console.log(formatDifference(difference)); // + /tool/example/child = "new"  (n0)
 * }
 * ```
 */
export function diffTrees(
  a: TreeCheckpoint | LiveTree,
  b: TreeCheckpoint | LiveTree,
  options: RequestOptions = {},
): AsyncGenerator<TreeDifference, void> {
  checkOptions("diffTrees", options, REQUEST_OPTIONS);
  for (const tree of [a, b]) {
    if (tree instanceof TreeCheckpoint) continue;
    checkOptions("diffTrees", tree, LIVE);
    absolutePath(tree.path, "diffTrees");
  }
  const { signal } = options;
  return differences(nodesOf(a, signal), relocated(nodesOf(b, signal), b.path, a.path));
}

/**
 * Returns a difference as a line for people, or as a line of JSON. All characters are printable ASCII.
 *
 * @param difference The difference.
 * @param options Whether the line is JSON, by default false.
 * @returns The line, without a line end.
 *
 * @example
 * ```ts
 * import { formatDifference } from "tsxs/checkpoints";
 *
 * const after = { path: "/a", value: new Uint8Array([49]), permissions: ["n0"], order: null };
 * console.log(formatDifference({ change: "added", path: "/a", after })); // + /a = "1"  (n0)
 * ```
 */
export function formatDifference(difference: TreeDifference, options: { readonly json?: boolean } = {}): string {
  checkOptions("formatDifference", options, { json: true });
  return differenceText(difference, options.json ?? false).trimEnd();
}

function nodesOf(tree: TreeCheckpoint | LiveTree, signal: AbortSignal | undefined): TreeNodes {
  if (tree instanceof TreeCheckpoint) return tree.read(signal, true);
  const fail = (_: string, error: unknown): never => {
    throw error;
  };
  return liveNodes(new RawNodes(tree.client, signal), tree.path, { refused: fail, failed: fail });
}

async function* relocated(nodes: TreeNodes, from: string, to: string): AsyncGenerator<TreeNode, void> {
  for await (const node of nodes) yield from === to ? node : { ...node, path: rebased(node.path, from, to) };
}
