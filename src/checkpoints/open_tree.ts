// Opens a tree that was saved, with the earlier checkpoints that it is a difference to.

import { checkOptions, type OptionNames } from "../wire/checks.ts";
import { codeOf } from "../wire/system_errors.ts";
import { type ParentLink, readHead } from "./dump_format.ts";
import { inMemory, type Payload, stored, type TreeStorage } from "./payload.ts";
import { CheckpointRepository } from "./repository.ts";
import { CheckpointStorage } from "./storage.ts";
import { TreeCheckpoint } from "./tree_checkpoint.ts";
import { BrokenChainError } from "./tree_errors.ts";

/** The options of {@linkcode openTree}. */
export interface OpenTreeOptions {
  /**
   * The checkpoint that this one is a difference to.
   *
   * @default the checkpoint of that id among the directories beside the storage
   */
  readonly parent?: TreeCheckpoint;
  /**
   * Ends the wait, with the signal's reason.
   *
   * @default undefined
   */
  readonly signal?: AbortSignal | undefined;
}

const OPTIONS: OptionNames<OpenTreeOptions> = { parent: true, signal: true };
/** The largest number of differences from a checkpoint to the whole one. Each holds a file open while it is read. */
export const CHAIN_MAX = 64;

/**
 * Opens a tree that was saved.
 *
 * Only the first line is parsed, but a storage verifies its checksum. Earlier checkpoints of a difference are searched
 * beside the storage: by the name that they had, and then by their ids.
 *
 * @param source The storage, or the bytes of a checkpoint or of a dump.
 * @param options The earlier checkpoint, and the signal.
 * @returns The checkpoint.
 * @throws {DumpError} If the source holds no tree.
 * @throws {BrokenChainError} If an earlier checkpoint is missing, or there are more than 64.
 * @throws {CheckpointError} If a storage is corrupt or cannot be read.
 *
 * @example
 * ```ts
 * import { mkdtemp } from "node:fs/promises";
 * import { connect } from "tsxs";
 * import { CheckpointStorage, openTree, saveTree } from "tsxs/checkpoints";
 *
 * await using store = await connect();
 * await store.write("/tool/example", "hello");
 * const storage = await CheckpointStorage.create(await mkdtemp("/tmp/checkpoints-"));
 * await saveTree(store, "/tool/example", { storage });
 * console.log((await openTree(storage)).path); // /tool/example
 * await storage.remove();
 * ```
 */
export async function openTree(
  source: TreeStorage | Uint8Array,
  options: OpenTreeOptions = {},
): Promise<TreeCheckpoint> {
  checkOptions("openTree", options, OPTIONS);
  return await open(source, options, []);
}

async function open(
  source: TreeStorage | Uint8Array,
  { parent, signal }: OpenTreeOptions,
  below: readonly string[],
): Promise<TreeCheckpoint> {
  const location = source instanceof Uint8Array ? null : source.location;
  const payload = source instanceof Uint8Array ? inMemory([source]) : stored(source);
  const head = await headOf(payload, signal);
  if (head.parent === null) return new TreeCheckpoint(payload, head, null);
  const fail = (reason: string): never => {
    throw new BrokenChainError(`cannot open ${payload.name}: ${reason}`);
  };
  if (parent !== undefined) {
    const { id } = await parent.summary({ signal });
    return id === head.parent.id
      ? new TreeCheckpoint(payload, head, parent)
      : fail("it is a difference to another checkpoint");
  }
  if (location === null) return fail("it is a difference, and its parent is not given");
  const path = [...below, location];
  if (below.includes(location) || path.length > CHAIN_MAX) return fail("its chain of differences does not end");
  const found = await find(location, head.parent, path, signal);
  if (found === null) return fail("the checkpoint that it starts from is missing");
  return new TreeCheckpoint(payload, head, found);
}

async function headOf(payload: Payload, signal: AbortSignal | undefined) {
  await using opened = await payload.open(signal);
  const { head, rest } = await readHead(payload.name, opened.chunks());
  await rest.return(undefined);
  return head;
}

/** Finds the checkpoint of an id beside a storage. */
async function find(
  location: string,
  { id, name }: ParentLink,
  below: readonly string[],
  signal: AbortSignal | undefined,
): Promise<TreeCheckpoint | null> {
  const base = location.slice(0, location.lastIndexOf("/")) || "/";
  // The name stands in a file: it must not lead elsewhere. The id is checked when the nodes are read.
  if (name !== null && /^[^/\0]+$/.test(name) && name !== "." && name !== "..") {
    const named = new CheckpointStorage(`${base}/${name}`);
    if (await isSaved(named, signal)) return await open(named, { signal }, below);
  }
  for (const storage of await new CheckpointRepository(base).storages()) {
    if (below.includes(storage.location)) continue;
    const other = await open(storage, { signal }, below).catch(() => null);
    const summary = await other?.summary({ signal }).catch(() => null);
    signal?.throwIfAborted();
    if (other !== null && summary?.id === id) return other;
  }
  return null;
}

async function isSaved(storage: CheckpointStorage, signal: AbortSignal | undefined): Promise<boolean> {
  await using opened = await storage.open({ signal }).catch((error: unknown) => {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  });
  return opened !== null;
}
