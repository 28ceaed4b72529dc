// The nodes of a checkpoint as a restore places them: under mapped paths, and again in the order of a dump.

import { DumpError } from "./lines.ts";
import type { TreeMapping } from "./mapping.ts";
import type { TreeCheckpoint } from "./tree_checkpoint.ts";
import { comparePaths, type TreeNode } from "./tree_node.ts";

/**
 * Yields the nodes under their mapped paths.
 *
 * A node that is named after the mapped domain comes at another place among its siblings. The nodes that are renamed at
 * the same levels keep their order, so each such group is read as a stream of its own, and the streams are merged.
 *
 * Throws a {@linkcode DumpError} if two nodes would have one path.
 */
export async function* mappedNodes(
  checkpoint: TreeCheckpoint,
  mapping: TreeMapping,
  signal: AbortSignal | undefined,
  onRead: (position: number, total: number) => void,
): AsyncGenerator<TreeNode, void> {
  const groups = await groupsOf(checkpoint, mapping, signal);
  const streams = groups.map((group, at) => {
    const nodes = checkpoint.read(signal, at === 0, at === 0 ? onRead : undefined);
    return groups.length === 1 ? all(nodes, mapping) : only(group, nodes, mapping);
  });
  const [first, ...others] = streams;
  if (first === undefined) return;
  yield* others.length === 0 ? first : merged(streams);
}

/** Returns the groups of nodes in a checkpoint, that of the nodes that keep their names first. */
async function groupsOf(
  checkpoint: TreeCheckpoint,
  mapping: TreeMapping,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const found = new Set([""]);
  if (!mapping.isRenaming) return [...found];
  for await (const { path } of checkpoint.read(signal, false)) found.add(mapping.renamedLevels(path));
  return [...found];
}

async function* all(nodes: AsyncGenerator<TreeNode, void>, mapping: TreeMapping): AsyncGenerator<TreeNode, void> {
  for await (const node of nodes) yield mapping.node(node);
}

async function* only(
  group: string,
  nodes: AsyncGenerator<TreeNode, void>,
  mapping: TreeMapping,
): AsyncGenerator<TreeNode, void> {
  for await (const node of nodes) if (mapping.renamedLevels(node.path) === group) yield mapping.node(node);
}

/** Merges streams, each in the order of a dump. Holds one node of each. */
async function* merged(streams: readonly AsyncGenerator<TreeNode, void>[]): AsyncGenerator<TreeNode, void> {
  const next = async (stream: AsyncGenerator<TreeNode, void>): Promise<TreeNode | null> => {
    const result = await stream.next();
    return result.done === true ? null : result.value;
  };
  try {
    const heads = await Promise.all(streams.map(next));
    for (;;) {
      let least = -1;
      for (const [at, node] of heads.entries()) {
        const best = heads[least] ?? null;
        if (node === null) continue;
        const order = best === null ? -1 : comparePaths(node.path, best.path);
        if (order === 0) throw new DumpError(`cannot map the domain: two nodes would have the path ${node.path}`);
        if (order < 0) least = at;
      }
      const [node, stream] = [heads[least] ?? null, streams[least]];
      if (node === null || stream === undefined) return;
      yield node;
      heads[least] = await next(stream);
    }
  } finally {
    await Promise.all(streams.map((stream) => stream.return(undefined)));
  }
}
