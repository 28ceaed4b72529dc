// The nodes of a store as a stream: in the order of a dump, and with memory that does not grow with the tree.

import { ConnectionError } from "../transport/errors.ts";
import { XenStoreError } from "../wire/errors.ts";
import { byteString } from "./bytes.ts";
import type { DumpNode } from "./dump_format.ts";
import { escapeText } from "./escape.ts";
import { Failure, reasonOf } from "./invocation.ts";
import { type Result, type Source, TreeReader } from "./tree_reader.ts";
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
export async function* storeNodes(
  source: Source,
  top: string,
  onUnreadable: OnUnreadable,
  work: Pick<Work, "advance"> | null = null,
): AsyncGenerator<DumpNode, void> {
  const reader = new TreeReader({
    read: (path) => source.read(path),
    permissions: (path) => source.permissions(path),
    list: async (path) => (await source.list(path)).sort(),
  }, true);
  const take = <T>(path: string, result: Result<T>): T | null => {
    if ("value" in result) return result.value;
    const { error } = result;
    if (!(error instanceof XenStoreError) || error instanceof ConnectionError) failUnreadable(path, reasonOf(error));
    if (error.code !== "ENOENT") onUnreadable(path, reasonOf(error));
    return null;
  };
  const first = await settled(Promise.all([source.read(top), source.permissions(top), reader.start(top)]));
  const [value, permissions, children] = take(top, first) ?? [null, [], []];
  if (value === null) return;
  yield { path: top, value: byteString(value), permissions };
  const stack = children.toReversed();
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    const { path } = at;
    const content = reader.take(at);
    const { value, permissions, children } = content instanceof Promise ? await content : content;
    if (work !== null) reader.report(work);
    const bytes = take(path, value);
    const letters = bytes === null || permissions === null ? null : take(path, permissions);
    if (bytes === null || letters === null) continue;
    yield { path, value: byteString(bytes), permissions: letters };
    for (const child of (take(path, children) ?? []).toReversed()) stack.push(child);
  }
}

function settled<T>(promise: Promise<T>): Promise<Result<T>> {
  return promise.then((value) => ({ value }), (error: unknown) => ({ error }));
}
