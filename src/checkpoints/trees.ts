// Checkpoints of subtrees, as their users see them: re-exports only.

export type { TreeDifference } from "./differences.ts";
export { diffTrees, formatDifference, type LiveTree } from "./diff_trees.ts";
export { DumpError } from "./lines.ts";
export type { DomidMapping } from "./mapping.ts";
export { openTree, type OpenTreeOptions } from "./open_tree.ts";
export type { OpenBytes, TreeStorage } from "./payload.ts";
export {
  planRestore,
  type PlanRestoreOptions,
  type RestoreReport,
  restoreTree,
  type RestoreTreeOptions,
} from "./restore_tree.ts";
export type { RestoreCounts, RestoreMode } from "./restoring.ts";
export { saveTree, type SaveTreeOptions } from "./save_tree.ts";
export { TreeCheckpoint, type TreeSummary } from "./tree_checkpoint.ts";
export { BrokenChainError, InconsistentTreeError } from "./tree_errors.ts";
export type { TreeNode } from "./tree_node.ts";
