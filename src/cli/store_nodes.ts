// The nodes of a store and of a dump as streams, with failures as the command reports them.

import { DumpError } from "../checkpoints/lines.ts";
import { liveNodes } from "../checkpoints/live_nodes.ts";
import type { Source } from "../checkpoints/tree_reader.ts";
import type { TreeNode } from "../checkpoints/tree_node.ts";
import { openDump } from "../checkpoints/dump_format.ts";
import { escapeText } from "./escape.ts";
import { openInput } from "./input.ts";
import { Failure, type Invocation, reasonOf } from "./invocation.ts";
import type { Work } from "./silent_progress.ts";

/** Called with a node that cannot be read, and the reason. The stream goes on without the nodes below it. */
export type OnUnreadable = (path: string, reason: string) => void;

/** Throws a {@linkcode Failure} for a node that cannot be read. */
export function failUnreadable(path: string, reason: string): never {
  throw new Failure(`cannot read ${escapeText(path)}: ${reason}`);
}

/**
 * Yields the node `top` and the nodes below it, in the order of a dump. Yields nothing if `top` does not exist.
 *
 * The stream is no snapshot: it skips a node that another client removes after its parent was listed. `work` is told
 * how far the stream is. Throws a {@linkcode Failure} if the connection ends.
 */
export function storeNodes(
  source: Source,
  top: string,
  onUnreadable: OnUnreadable,
  work: Pick<Work, "advance"> | null = null,
): AsyncGenerator<TreeNode, void> {
  return liveNodes(source, top, {
    work,
    refused: (path, error) => onUnreadable(path, reasonOf(error)),
    failed: (path, error) => failUnreadable(path, reasonOf(error)),
  });
}

/** Opens a dump, or standard input for `-`. Throws a {@linkcode Failure} if the dump is invalid or cannot be read. */
export async function openDumpFile(
  invocation: Invocation,
  file: string,
  work: Work,
): Promise<{ readonly path: string; readonly nodes: AsyncGenerator<TreeNode, void> }> {
  try {
    const { path, nodes } = await openDump(...openInput(invocation, file, work));
    return { path, nodes: orFailure(nodes) };
  } catch (error) {
    throw error instanceof DumpError ? new Failure(error.message) : error;
  }
}

/** Passes what is read of a file on. Throws a {@linkcode Failure} if the file is invalid. */
export async function* orFailure<T>(read: AsyncGenerator<T, unknown>): AsyncGenerator<T, void> {
  try {
    yield* read;
  } catch (error) {
    throw error instanceof DumpError ? new Failure(error.message) : error;
  }
}
