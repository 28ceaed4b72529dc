// Checkpoints, as their users see them: re-exports only.

/**
 * Checkpoints on disk, safe against crashes.
 *
 * A save replaces the older checkpoint as a whole or not at all, and every load verifies the whole file.
 *
 * @example
 * ```ts
 * import { mkdtemp } from "node:fs/promises";
 * import { CheckpointRepository } from "tsxs/checkpoints";
 *
 * const repository = new CheckpointRepository(await mkdtemp("/tmp/checkpoints-"));
 * const storage = await repository.create();
 * await storage.save(new TextEncoder().encode("the state"));
 * console.log(new TextDecoder().decode(await storage.load() ?? undefined)); // the state
 * ```
 *
 * @module
 */

export {
  CheckpointError,
  type CheckpointErrorContext,
  type CheckpointFault,
  type LockDetails,
  LockedStorageError,
} from "./errors.ts";
export type { OpenCheckpoint } from "./loading.ts";
export type { LockOwner, OwnerState } from "./owner.ts";
export { CheckpointRepository } from "./repository.ts";
export type { CheckpointBytes, SavedCheckpoint } from "./saving.ts";
export { type BreakLockOptions, CheckpointStorage, type CreateStorageOptions, type StorageOptions } from "./storage.ts";
export { type ErrorContext, XenStoreError } from "../wire/errors.ts";
export * from "./trees.ts";
