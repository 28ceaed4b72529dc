// What one attempt of a restore changes: the difference between the store and the mapped checkpoint.

import type { Transaction } from "../client/transaction.ts";
import { childPath } from "../wire/path.ts";
import { bytesOf } from "./bytes.ts";
import { differences, type TreeDifference } from "./differences.ts";
import { liveNodes } from "./live_nodes.ts";
import { mappedNodes } from "./mapped_nodes.ts";
import type { TreeMapping } from "./mapping.ts";
import { RawNodes } from "./raw_nodes.ts";
import type { TreeCheckpoint } from "./tree_checkpoint.ts";
import { isEqualNode, isWithin, type TreeNode } from "./tree_node.ts";

/** What a restore does with nodes that exist. */
export type RestoreMode = "replace" | "merge" | "missing";

/** How many nodes a restore changed, or would change. */
export interface RestoreCounts {
  /** The nodes that the store lacked. */
  readonly added: number;
  /** The nodes that had another value or other permissions. */
  readonly changed: number;
  /** The nodes that the checkpoint lacks, with those below them. */
  readonly removed: number;
  /** The nodes of the checkpoint that belong to one run of a domain, and those below them. */
  readonly leftOut: number;
  /** The nodes that were made with an initial state. */
  readonly reset: number;
}

/** A restore: what, where, and how. */
export interface RestoreTask {
  readonly checkpoint: TreeCheckpoint;
  readonly mapping: TreeMapping;
  readonly mode: RestoreMode;
  readonly signal: AbortSignal | undefined;
}

/** One attempt of a restore. */
export class Restoring {
  readonly counts = { added: 0, changed: 0, removed: 0, leftOut: 0, reset: 0 };
  readonly #task: RestoreTask;
  readonly #onRead: (position: number, total: number) => void;

  constructor(task: RestoreTask, onRead: (position: number, total: number) => void) {
    this.#task = task;
    this.#onRead = onRead;
  }

  /** The nodes of a transaction. */
  nodes(transaction: Transaction): RawNodes {
    return new RawNodes(transaction, this.#task.signal);
  }

  /** Whether only the order of the children differs: nothing of that is written for children that exist. */
  isOrderOnly(difference: TreeDifference): boolean {
    return difference.change === "changed" && isEqualNode(difference.before, difference.after);
  }

  /** Yields what has to change, and counts it. */
  async *changes(transaction: Transaction): AsyncGenerator<TreeDifference, void> {
    const { mapping, mode, signal } = this.#task;
    const fail = (_: string, error: unknown): never => {
      throw error;
    };
    const live = liveNodes(this.nodes(transaction), mapping.to, { refused: fail, failed: fail });
    /** A node that the store alone has, and that a restore leaves alone. */
    let kept: string | null = null;
    let removed: string | null = null;
    for await (const difference of differences(live, this.#wanted(), true)) {
      signal?.throwIfAborted();
      const { change, path } = difference;
      if (change === "removed") {
        if (mode !== "replace" || (kept !== null && isWithin(path, kept))) continue;
        if (removed === null || !isWithin(path, removed)) {
          const of = mapping.classOf(path)?.class;
          if (of === "left-out" || of === "reset") {
            kept = path;
            continue;
          }
          removed = path;
        }
        this.counts.removed++;
        yield difference;
        continue;
      }
      if (change === "added") {
        this.counts.added++;
        if (mapping.classOf(path)?.class === "reset") this.counts.reset++;
        yield difference;
        continue;
      }
      if (mode === "missing") continue;
      const changed = mapping.classOf(path)?.class === "reset" ? keepingValue(difference) : difference;
      if (!this.isOrderOnly(changed)) this.counts.changed++;
      yield changed;
    }
  }

  /** Yields the nodes of the checkpoint as the store should have them. */
  async *#wanted(): AsyncGenerator<TreeNode, void> {
    const { checkpoint, mapping, signal } = this.#task;
    let leftOut: string | null = null;
    for await (const mapped of mappedNodes(checkpoint, mapping, signal, this.#onRead)) {
      const classified = mapping.classOf(mapped.path);
      if (classified?.class === "left-out" && (leftOut === null || !isWithin(mapped.path, leftOut))) {
        leftOut = mapped.path;
      }
      if (leftOut !== null && isWithin(mapped.path, leftOut)) {
        this.counts.leftOut++;
        continue;
      }
      const order = this.#orderOf(mapped);
      yield classified?.class === "reset"
        ? { ...mapped, order, value: bytesOf(classified.value ?? "") }
        : { ...mapped, order };
    }
  }

  /** Returns the order of the children that are not left out. */
  #orderOf({ path, order }: TreeNode): readonly string[] | null {
    if (order === null) return null;
    const { mapping } = this.#task;
    const names = order.filter((name) => mapping.classOf(childPath(path, name))?.class !== "left-out");
    return names.length === 0 ? null : names;
  }
}

/** A state that the store has is that of a running device: it stays, with the permissions of the checkpoint. */
function keepingValue(difference: TreeDifference & { change: "changed" }): TreeDifference & { change: "changed" } {
  const { before, after } = difference;
  return { ...difference, after: { ...after, value: before.value } };
}
