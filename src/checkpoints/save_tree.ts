// Saves a subtree of the store: whole, or as a difference to an earlier checkpoint.

import { createHash } from "node:crypto";
import { SharedSignals } from "../client/abort.ts";
import { checkAttempts, pause, pauseBefore } from "../client/backoff.ts";
import type { Client } from "../client/client.ts";
import type { Transaction } from "../client/transaction.ts";
import { ConnectionError } from "../transport/errors.ts";
import { checkOptions, type OptionNames } from "../wire/checks.ts";
import { errnoError, XenStoreError } from "../wire/errors.ts";
import { differences, differenceText } from "./differences.ts";
import { differenceEndLine, differenceHeadLine, endLine, type Head, headLine, nodeLine } from "./dump_format.ts";
import { liveNodes } from "./live_nodes.ts";
import { CHAIN_MAX } from "./open_tree.ts";
import { inMemory, stored, type TreeStorage } from "./payload.ts";
import { RawNodes } from "./raw_nodes.ts";
import { TreeCheckpoint, type TreeSummary } from "./tree_checkpoint.ts";
import { BrokenChainError, InconsistentTreeError } from "./tree_errors.ts";
import type { TreeNode } from "./tree_node.ts";
import { absolutePath } from "./tree_path.ts";

/** The options of {@linkcode saveTree}. */
export interface SaveTreeOptions {
  /**
   * Stores the checkpoint, piece by piece.
   *
   * @default memory, which then holds the whole checkpoint
   */
  readonly storage?: TreeStorage;
  /**
   * The earlier checkpoint of the same path. Only the nodes that differ from it are saved.
   *
   * @default none: the tree is saved whole
   */
  readonly since?: TreeCheckpoint;
  /**
   * `"transaction"` saves one state of the tree. `"walk"` reads without a transaction: the checkpoint may have nodes of
   * several moments.
   *
   * @default "transaction"
   */
  readonly consistency?: "transaction" | "walk";
  /**
   * The largest number of attempts, from 1.
   *
   * @default 20
   */
  readonly attempts?: number;
  /**
   * Ends the wait, with the signal's reason.
   *
   * @default undefined
   */
  readonly signal?: AbortSignal | undefined;
}

const OPTIONS: OptionNames<SaveTreeOptions> = {
  storage: true,
  since: true,
  consistency: true,
  attempts: true,
  signal: true,
};
/** The size of the pieces that a storage gets, in characters, which are bytes. */
const PIECE = 1 << 16;
/** The errors of a transaction that reads more nodes than the store lets a guest read in one. */
const LIMITS = ["ENOSPC", "EQUOTA", "ENOMEM"];

/**
 * Saves a node and everything below it: values, permissions, and the order of children.
 *
 * The tree is read in one transaction, so that the checkpoint is one state of the store. If other clients change the
 * tree before the transaction ends, the tree is read again. With a storage, memory does not grow with the tree.
 *
 * @param client The client, which must be allowed to read all nodes of the tree.
 * @param path The absolute path of the node.
 * @param options Where to save, the earlier checkpoint, the consistency, the attempts, and the signal.
 * @returns The checkpoint.
 * @throws {InconsistentTreeError} If the transaction conflicted in each attempt, or exceeds a limit of the store.
 * @throws {XenStoreError} If the node does not exist: ENOENT. If the client may not read a node: EACCES.
 * @throws {BrokenChainError} If `since` is the last of 64 differences.
 * @throws {CheckpointError} If the storage cannot save.
 * @throws {RangeError} If `since` has another path, or `attempts` is invalid.
 *
 * @example
 * ```ts
 * import { connect } from "tsxs";
 * import { diffTrees, formatDifference, saveTree } from "tsxs/checkpoints";
 *
 * await using store = await connect();
 * await store.write("/tool/example/a", "1");
 * const first = await saveTree(store, "/tool/example");
 * await store.write("/tool/example/a", "2");
 * const second = await saveTree(store, "/tool/example", { since: first });
 * for await (const difference of diffTrees(first, second)) console.log(formatDifference(difference));
 * // ~ /tool/example/a = "1" -> "2"
 * ```
 */
export async function saveTree(client: Client, path: string, options: SaveTreeOptions = {}): Promise<TreeCheckpoint> {
  checkOptions("saveTree", options, OPTIONS);
  const top = absolutePath(path, "saveTree");
  const { storage, since, consistency = "transaction", attempts = 20, signal } = options;
  checkAttempts(attempts, {});
  if (consistency !== "transaction" && consistency !== "walk") {
    throw new RangeError(`consistency is ${JSON.stringify(consistency)}: expected "transaction" or "walk"`);
  }
  const head = await headOf(top, since, signal);
  const progress = client.track("saveTree");
  const onNode = (visited: number, found: number): void => progress?.advance(visited, found);
  try {
    for (let attempt = 1;; attempt++) {
      const saving = new Saving(client, head, since ?? null, consistency, signal, onNode);
      try {
        const pieces: Uint8Array[] = [];
        if (storage !== undefined) await storage.save(saving.pieces(), { signal });
        else for await (const piece of saving.pieces()) pieces.push(piece);
        progress?.done();
        const payload = storage === undefined ? inMemory(pieces) : stored(storage);
        return new TreeCheckpoint(payload, head, since ?? null, saving.summary);
      } catch (error) {
        const { refusal } = saving;
        if (refusal === null || signal?.aborted) throw error;
        const isConflict = refusal.code === "EAGAIN" || refusal.operation === "TRANSACTION_START";
        if (isConflict && attempt < attempts) {
          await pause(pauseBefore(attempt, {}), new SharedSignals(), signal);
          continue;
        }
        const reason = isConflict
          ? `other clients changed the tree in each of ${attempts} attempts`
          : "the tree exceeds the limits of a transaction";
        const context = { operation: "saveTree", path: top, cause: refusal };
        throw new InconsistentTreeError(refusal.code, reason, attempt, context);
      }
    }
  } finally {
    progress?.fail();
  }
}

async function headOf(path: string, since: TreeCheckpoint | undefined, signal: AbortSignal | undefined): Promise<Head> {
  if (since === undefined) return { path, parent: null };
  if (since.path !== path) {
    throw new RangeError(`since is a checkpoint of ${JSON.stringify(since.path)}, not of ${JSON.stringify(path)}`);
  }
  let length = 1;
  for (let at = since.parent; at !== null; at = at.parent) length++;
  if (length >= CHAIN_MAX) {
    throw new BrokenChainError(`cannot save ${path}: the chain has ${length} checkpoints: save the tree whole`);
  }
  const { id } = await since.summary({ signal });
  return { path, parent: { id, name: since.name } };
}

/** One attempt to save a tree. */
class Saving {
  /** What is known of the tree, after the last piece. */
  summary: TreeSummary | null = null;
  /** The error by which the store refused the transaction, if it did. */
  refusal: XenStoreError | null = null;
  readonly #client: Client;
  readonly #head: Head;
  readonly #since: TreeCheckpoint | null;
  readonly #consistency: "transaction" | "walk";
  readonly #signal: AbortSignal | undefined;
  readonly #onNode: (visited: number, found: number) => void;

  constructor(
    client: Client,
    head: Head,
    since: TreeCheckpoint | null,
    consistency: "transaction" | "walk",
    signal: AbortSignal | undefined,
    onNode: (visited: number, found: number) => void,
  ) {
    this.#client = client;
    this.#head = head;
    this.#since = since;
    this.#consistency = consistency;
    this.#signal = signal;
    this.#onNode = onNode;
  }

  /** Yields the bytes of the checkpoint. The last line comes after the transaction has committed. */
  async *pieces(): AsyncGenerator<Uint8Array, void> {
    const encoder = new TextEncoder();
    let text = "";
    for await (const line of this.#lines()) {
      text += line;
      if (text.length < PIECE) continue;
      yield encoder.encode(text);
      text = "";
    }
    yield encoder.encode(text);
  }

  async *#lines(): AsyncGenerator<string, void> {
    const signal = this.#signal;
    let transaction: Transaction | null = null;
    try {
      if (this.#consistency === "transaction") transaction = await this.#client.transaction({ signal });
      const nodes = new RawNodes(transaction ?? this.#client, signal);
      const [hash, counts] = [createHash("sha256").update(headLine(this.#head.path)), { nodes: 0, lines: 0 }];
      for await (const line of this.#body(nodes, counts, (line) => hash.update(line))) {
        yield line;
      }
      if (transaction?.isOpen && !(await transaction.commit({ signal }))) {
        throw errnoError("EAGAIN", { operation: "saveTree", path: this.#head.path });
      }
      const id = hash.digest("hex");
      this.summary = { id, nodes: counts.nodes };
      yield this.#since === null ? endLine(counts.nodes, id) : differenceEndLine(counts.lines, counts.nodes, id);
    } catch (error) {
      if (this.#consistency === "transaction" && isRefusal(error)) this.refusal = error;
      throw error;
    } finally {
      const rollback = transaction?.[Symbol.asyncDispose]().catch(() => {});
      // After an abort nothing waits for the store, which may be silent.
      if (!signal?.aborted) await rollback;
    }
  }

  async *#body(
    source: RawNodes,
    counts: { nodes: number; lines: number },
    onLine: (line: string) => void,
  ): AsyncGenerator<string, void> {
    const { path, parent } = this.#head;
    const live = this.#live(source, counts);
    if (parent === null || this.#since === null) {
      yield headLine(path);
      for await (const node of live) {
        const line = nodeLine(node);
        onLine(line);
        yield line;
      }
      return;
    }
    yield differenceHeadLine(path, parent);
    const hashed = async function* (): AsyncGenerator<TreeNode, void> {
      for await (const node of live) {
        onLine(nodeLine(node));
        yield node;
      }
    };
    for await (const difference of differences(this.#since.read(this.#signal, false), hashed(), true)) {
      counts.lines++;
      yield differenceText(difference, true);
    }
  }

  async *#live(source: RawNodes, counts: { nodes: number }): AsyncGenerator<TreeNode, void> {
    const { path } = this.#head;
    let found = 1;
    const fail = (_: string, error: unknown): never => {
      throw error;
    };
    const nodes = liveNodes(source, path, { refused: fail, failed: fail, found: (more) => void (found += more) });
    for await (const node of nodes) {
      this.#signal?.throwIfAborted();
      this.#onNode(++counts.nodes, found);
      yield node;
    }
    if (counts.nodes === 0) throw errnoError("ENOENT", { operation: "saveTree", path });
  }
}

/** Whether the store refused a transaction, and not a node. */
function isRefusal(error: unknown): error is XenStoreError {
  if (!(error instanceof XenStoreError) || error instanceof ConnectionError) return false;
  return error.code === "EAGAIN" || LIMITS.includes(error.code);
}
