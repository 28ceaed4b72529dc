// The nodes of a store as a stream: in the order of a dump, and with memory that does not grow with the tree.

import type { Progress } from "../events/progress.ts";
import { ConnectionError } from "../transport/errors.ts";
import { XenStoreError } from "../wire/errors.ts";
import { orderOf, type TreeNode } from "./tree_node.ts";
import { type Result, type Source, TreeReader } from "./tree_reader.ts";

/** What the stream does if a node cannot be read. */
export interface OnFailure {
  /** Called if the store refuses the node. The stream goes on without the node and the nodes below it. */
  refused(path: string, error: XenStoreError): void;
  /** Throws for any other error, such as the end of the connection. */
  failed(path: string, error: unknown): never;
  /** Called with the number of nodes that were found in addition. */
  found?(nodes: number): void;
  /** Is told how far the stream is. */
  readonly work?: Pick<Progress, "advance"> | null;
}

/**
 * Yields the node `top` and the nodes below it, in the order of a dump. Yields nothing if `top` does not exist.
 *
 * The stream is no snapshot unless the source is a transaction: it skips a node that another client removes after its
 * parent was listed.
 */
export async function* liveNodes(source: Source, top: string, on: OnFailure): AsyncGenerator<TreeNode, void> {
  // Filled when a list arrives, and emptied when the stream yields its node.
  const orders = new Map<string, readonly string[]>();
  const list = async (path: string): Promise<string[]> => {
    const names = await source.list(path);
    on.found?.(names.length);
    const order = orderOf(names);
    if (order === null) return names;
    orders.set(path, order);
    return names.sort();
  };
  const nodeOf = (path: string, value: Uint8Array, permissions: readonly string[]): TreeNode => {
    const order = orders.get(path) ?? null;
    if (order !== null) orders.delete(path);
    return { path, value, permissions, order };
  };
  const reader = new TreeReader({
    read: (path) => source.read(path),
    permissions: (path) => source.permissions(path),
    list,
  }, true);
  const take = <T>(path: string, result: Result<T>): T | null => {
    if ("value" in result) return result.value;
    const { error } = result;
    if (!(error instanceof XenStoreError) || error instanceof ConnectionError) return on.failed(path, error);
    if (error.code !== "ENOENT") on.refused(path, error);
    return null;
  };
  const first = await settled(Promise.all([source.read(top), source.permissions(top), reader.start(top)]));
  const [value, permissions, children] = take(top, first) ?? [null, [], []];
  if (value === null) return;
  yield nodeOf(top, value, permissions);
  const stack = children.toReversed();
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    const { path } = at;
    const content = reader.take(at);
    const { value, permissions, children } = content instanceof Promise ? await content : content;
    if (on.work) reader.report(on.work);
    const bytes = take(path, value);
    const letters = bytes === null || permissions === null ? null : take(path, permissions);
    if (bytes === null || letters === null) continue;
    const below = take(path, children) ?? [];
    yield nodeOf(path, bytes, letters);
    for (const child of below.toReversed()) stack.push(child);
  }
}

function settled<T>(promise: Promise<T>): Promise<Result<T>> {
  return promise.then((value) => ({ value }), (error: unknown) => ({ error }));
}
