// Restores a tree: writes the difference between the store and a checkpoint in one transaction.

import { SharedSignals } from "../client/abort.ts";
import { checkAttempts, pause, pauseBefore } from "../client/backoff.ts";
import type { Client } from "../client/client.ts";
import { ConflictError } from "../client/errors.ts";
import { ConnectionError } from "../transport/errors.ts";
import { checkOptions, type OptionNames } from "../wire/checks.ts";
import { XenStoreError } from "../wire/errors.ts";
import type { TreeDifference } from "./differences.ts";
import { type DomidMapping, TreeMapping } from "./mapping.ts";
import { type RestoreCounts, type RestoreMode, Restoring } from "./restoring.ts";
import type { TreeCheckpoint } from "./tree_checkpoint.ts";
import { absolutePath } from "./tree_path.ts";
import { TreeWriter } from "./tree_writer.ts";

/** The options of {@linkcode planRestore}. */
export interface PlanRestoreOptions {
  /**
   * The absolute path of the top in the store.
   *
   * @default the path of the checkpoint, with the new number of the domain if that is a part of it
   */
  readonly to?: string;
  /**
   * The new number of the domain, 0 to 65535, or the old and the new number. A single number replaces the last number
   * of a domain in the path of the checkpoint. Permissions, ids and paths in values are mapped.
   *
   * @default the numbers stay
   */
  readonly domid?: number | DomidMapping;
  /**
   * `"replace"` makes the tree equal to the checkpoint. `"merge"` keeps the nodes that the checkpoint lacks.
   * `"missing"` makes the nodes that the store lacks, and changes no other node.
   *
   * @default "replace"
   */
  readonly mode?: RestoreMode;
  /**
   * Whether values of one run of a domain, such as event channels and states of devices, are restored as they were.
   *
   * @default false
   */
  readonly raw?: boolean;
  /**
   * Ends the wait, with the signal's reason.
   *
   * @default undefined
   */
  readonly signal?: AbortSignal | undefined;
}

/** The options of {@linkcode restoreTree}. */
export interface RestoreTreeOptions extends PlanRestoreOptions {
  /**
   * Whether nothing is written, and the differences are returned. {@linkcode planRestore} does not hold them in memory.
   *
   * @default false
   */
  readonly dryRun?: boolean;
  /**
   * The largest number of attempts, from 1.
   *
   * @default 20
   */
  readonly attempts?: number;
}

/** What a restore changed, or would change. */
export interface RestoreReport extends RestoreCounts {
  /** The path of the top in the store. */
  readonly path: string;
  /** The number of attempts. */
  readonly attempts: number;
  /** The differences, if nothing was written. */
  readonly differences?: readonly TreeDifference[];
}

const PLAN: OptionNames<PlanRestoreOptions> = { to: true, domid: true, mode: true, raw: true, signal: true };
const RESTORE: OptionNames<RestoreTreeOptions> = { ...PLAN, dryRun: true, attempts: true };
const MODES: readonly string[] = ["replace", "merge", "missing"] satisfies RestoreMode[];

/**
 * Restores a tree in one transaction: all of it, or nothing.
 *
 * Only differences are written. If other clients change the tree before the transaction ends, it is compared again.
 * Nodes that stay keep their place among their siblings. New nodes follow them, in the order of the checkpoint.
 *
 * @param client The client, which must be allowed to write the tree and to give its nodes their owners.
 * @param checkpoint The checkpoint.
 * @param options The place, the domain, the mode, and whether anything is written.
 * @returns How many nodes were added, changed, removed, left out and reset.
 * @throws {ConflictError} If the transaction conflicted in each attempt. Nothing is changed.
 * @throws {XenStoreError} If the store refuses a node, for example by a quota: ENOSPC. Nothing is changed.
 * @throws {DumpError} If the checkpoint is invalid. Nothing is changed.
 * @throws {RangeError} If a domid, a mode or the number of attempts is invalid.
 *
 * @example
 * ```ts
 * import { connect } from "tsxs";
 * import { restoreTree, saveTree } from "tsxs/checkpoints";
 *
 * await using store = await connect();
 * await store.write("/local/domain/5/device/vbd/0/backend-id", "0");
 * await store.write("/local/domain/5/device/vbd/0/event-channel", "12");
 * const checkpoint = await saveTree(store, "/local/domain/5");
 * const { added, leftOut } = await restoreTree(store, checkpoint, { domid: 7 });
 * console.log(added, leftOut, await store.list("/local/domain/7/device/vbd/0")); // 5 1 [ "backend-id" ]
 * ```
 */
export async function restoreTree(
  client: Client,
  checkpoint: TreeCheckpoint,
  options: RestoreTreeOptions = {},
): Promise<RestoreReport> {
  checkOptions("restoreTree", options, RESTORE);
  const { dryRun = false, attempts = 20, signal } = options;
  const task = taskOf(checkpoint, options, "restoreTree");
  checkAttempts(attempts, {});
  const progress = client.track("restoreTree");
  const onRead = (position: number, total: number): void => progress?.advance(position, total);
  try {
    for (let attempt = 1; attempt <= attempts; attempt++) {
      if (attempt > 1) await pause(pauseBefore(attempt - 1, {}), new SharedSignals(), signal);
      const report = await attemptOf(client, new Restoring(task, onRead), dryRun, signal);
      if (report === null) continue;
      progress?.done();
      return { path: task.mapping.to, attempts: attempt, ...report };
    }
    throw new ConflictError(attempts, { operation: "restoreTree", path: task.mapping.to });
  } finally {
    progress?.fail();
  }
}

/**
 * Yields what a restore would change, and changes nothing.
 *
 * The differences come in the order of a dump. Memory does not grow with the tree.
 *
 * @param client The client, which must be allowed to read the tree.
 * @param checkpoint The checkpoint.
 * @param options The place, the domain and the mode, as for {@linkcode restoreTree}.
 * @returns An async iterator of the differences.
 * @throws {XenStoreError} If the client may not read a node: EACCES.
 * @throws {DumpError} If the checkpoint is invalid.
 * @throws {RangeError} If a domid or a mode is invalid.
 *
 * @example
 * ```ts
 * import { connect } from "tsxs";
 * import { formatDifference, planRestore, saveTree } from "tsxs/checkpoints";
 *
 * await using store = await connect();
 * await store.write("/tool/example", "1");
 * const checkpoint = await saveTree(store, "/tool/example");
 * await store.write("/tool/example", "2");
 * for await (const difference of planRestore(store, checkpoint)) console.log(formatDifference(difference));
 * // ~ /tool/example = "2" -> "1"
 * ```
 */
export function planRestore(
  client: Client,
  checkpoint: TreeCheckpoint,
  options: PlanRestoreOptions = {},
): AsyncGenerator<TreeDifference, void> {
  checkOptions("planRestore", options, PLAN);
  const task = taskOf(checkpoint, options, "planRestore");
  return planned(client, new Restoring(task, () => {}), options.signal);
}

async function* planned(
  client: Client,
  restoring: Restoring,
  signal: AbortSignal | undefined,
): AsyncGenerator<TreeDifference, void> {
  await using transaction = await client.transaction({ signal });
  for await (const difference of restoring.changes(transaction)) {
    if (!restoring.isOrderOnly(difference)) yield difference;
  }
}

function taskOf(checkpoint: TreeCheckpoint, options: PlanRestoreOptions, operation: string) {
  const { to, domid, mode = "replace", raw = false, signal } = options;
  if (!MODES.includes(mode)) throw new RangeError(`mode is ${JSON.stringify(mode)}: expected ${MODES.join(", ")}`);
  const target = to === undefined ? undefined : absolutePath(to, operation);
  return { checkpoint, mapping: new TreeMapping(checkpoint.path, target, domid, raw), mode, signal };
}

/** Restores once. Returns `null` after a conflict. */
async function attemptOf(
  client: Client,
  restoring: Restoring,
  dryRun: boolean,
  signal: AbortSignal | undefined,
): Promise<RestoreCounts & Pick<RestoreReport, "differences"> | null> {
  const transaction = await client.transaction({ signal }).catch((error: unknown) => {
    if (isConflict(error, ["ENOSPC", "EQUOTA"])) return null;
    throw error;
  });
  if (transaction === null) return null;
  const differences: TreeDifference[] = [];
  try {
    const writer = dryRun ? null : new TreeWriter(restoring.nodes(transaction));
    for await (const difference of restoring.changes(transaction)) {
      if (dryRun && !restoring.isOrderOnly(difference)) differences.push(difference);
      await writer?.apply(difference);
    }
    await writer?.end();
    if (dryRun) return { ...restoring.counts, differences };
    return await transaction.commit({ signal }) ? restoring.counts : null;
  } catch (error) {
    if (isConflict(error, ["EAGAIN"])) return null;
    throw error;
  } finally {
    const rollback = transaction[Symbol.asyncDispose]().catch(() => {});
    // After an abort nothing waits for the store, which may be silent.
    if (!signal?.aborted) await rollback;
  }
}

function isConflict(error: unknown, codes: readonly string[]): boolean {
  return error instanceof XenStoreError && !(error instanceof ConnectionError) && codes.includes(error.code);
}
