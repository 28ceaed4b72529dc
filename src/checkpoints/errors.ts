// The errors of stored checkpoints: one cannot be saved, found, read or removed.

import { constants } from "node:os";
import { XenStoreError } from "../wire/errors.ts";
import { codeOf, isDenied } from "../wire/system_errors.ts";
import type { LockOwner, OwnerState } from "./owner.ts";

/** Why an operation on a stored checkpoint failed. */
export type CheckpointFault =
  /** The next file exists: another process saves, or was killed while it saved. */
  | "locked"
  /** The next file was removed or replaced during the save: another process broke the lock. */
  | "broken-lock"
  /** Another user could change the directory, or a name is a link or no regular file. */
  | "unsafe"
  /** The file has no byte. */
  | "empty"
  /** The file does not hold what was saved. */
  | "corrupt"
  /** A later version of the format wrote the file. */
  | "version"
  /** The new checkpoint has replaced the older one, but a power failure may bring the older one back. */
  | "not-durable"
  /** The system refused a call: `cause` has its error. */
  | "failed";

/** The place and the cause of a fault of a checkpoint. */
export interface CheckpointErrorContext {
  /** The path of the file or directory. */
  readonly file?: string | undefined;
  /** The index of the byte in the file at which the fault begins. */
  readonly offset?: number | undefined;
  /** The error of the system. */
  readonly cause?: unknown;
}

const codes = {
  "locked": "EBUSY",
  "broken-lock": "EBUSY",
  "unsafe": "EPERM",
  "empty": "EIO",
  "corrupt": "EIO",
  "version": "ENOSYS",
  "not-durable": "EIO",
  "failed": "EIO",
} as const;

/**
 * A checkpoint cannot be saved, loaded or removed.
 *
 * `fault` has the kind of the failure, and `code` the name of the system's error, such as `"ENOSPC"`.
 *
 * @example
 * ```ts
 * import { mkdtemp, writeFile } from "node:fs/promises";
 * import { CheckpointError, CheckpointStorage } from "tsxs/checkpoints";
 *
 * const storage = await CheckpointStorage.create(await mkdtemp("/tmp/checkpoints-"));
 * await writeFile(storage.file, "");
 * const error = await storage.load().catch((reason) => reason);
 * console.log(error instanceof CheckpointError, error.fault, error.code); // true empty EIO
 * ```
 */
export class CheckpointError extends XenStoreError {
  /** `"CheckpointError"`. */
  override name = "CheckpointError";
  /** The kind of the fault. */
  readonly fault: CheckpointFault;
  /** The path of the file or directory. */
  readonly file: string | undefined;
  /** The index of the byte in the file at which the fault begins. */
  readonly offset: number | undefined;

  /**
   * Makes the error.
   *
   * @param fault The kind of the fault.
   * @param message The text.
   * @param context The file, the byte and the cause.
   */
  constructor(fault: CheckpointFault, message: string, { file, offset, cause }: CheckpointErrorContext = {}) {
    const isOfSystem = fault === "failed" || fault === "not-durable";
    super((isOfSystem ? systemCode(cause) : null) ?? codes[fault], message, { cause });
    this.fault = fault;
    this.file = file;
    this.offset = offset;
  }
}

/** The lock of a {@linkcode LockedStorageError}. */
export interface LockDetails {
  /** The path of the next file. */
  readonly file: string;
  /** The process that holds the lock. `null` if the process has not written its name yet, or was killed before. */
  readonly owner: LockOwner | null;
  /** Whether the process runs. */
  readonly state: OwnerState;
  /** The age of the lock in milliseconds, by the clock of this machine. */
  readonly age: number;
}

/**
 * The next file of the storage exists: another process saves a checkpoint, or was killed while it saved.
 *
 * {@linkcode CheckpointStorage.breakLock} removes the file if its owner has ended.
 *
 * @example
 * ```ts
 * import { mkdtemp } from "node:fs/promises";
 * import { CheckpointStorage, LockedStorageError } from "tsxs/checkpoints";
 *
 * const storage = await CheckpointStorage.create(await mkdtemp("/tmp/checkpoints-"));
 * async function* slowly() {
 *   yield new Uint8Array(1);
 *   const error = await storage.save(new Uint8Array(2)).catch((reason) => reason);
 *   console.log(error instanceof LockedStorageError, error.code, error.state); // true EBUSY alive
 * }
 * await storage.save(slowly());
 * ```
 */
export class LockedStorageError extends CheckpointError {
  /** `"LockedStorageError"`. */
  override name = "LockedStorageError";
  /** The process that holds the lock. `null` if the process has not written its name yet, or was killed before. */
  readonly owner: LockOwner | null;
  /** Whether the process runs. */
  readonly state: OwnerState;
  /** The age of the lock in milliseconds, by the clock of this machine. 0 if the lock is from the future. */
  readonly age: number;

  /**
   * Makes the error.
   *
   * @param what What failed.
   * @param details The lock.
   */
  constructor(what: string, { file, owner, state, age }: LockDetails) {
    super("locked", `${what}: ${describe(file, owner, state, age)}`, { file });
    this.owner = owner;
    this.state = state;
    this.age = age;
  }
}

const advice = {
  alive: "wait until it has saved",
  dead: "the process has ended: call breakLock()",
  unknown: "whether the process runs is unknown: call breakLock() with force if it has ended",
} as const;

function describe(file: string, owner: LockOwner | null, state: OwnerState, age: number): string {
  const seconds = (age / 1000).toFixed(1);
  if (owner === null) return `"${file}" exists for ${seconds} s and does not name its owner: ${advice[state]}`;
  const { process, host, boot, time } = owner;
  const machine = `${host === null ? "an unknown host" : `host "${host}"`} (boot ${boot ?? "unknown"})`;
  return `process ${process} on ${machine} holds "${file}" since ${time}, for ${seconds} s: ${advice[state]}`;
}

function systemCode(cause: unknown): string | null {
  if (isDenied(cause)) return "EACCES";
  const code = codeOf(cause) ?? "";
  return /^E[A-Z0-9]+$/.test(code) ? code : nameOf(cause);
}

/** libuv has no name for EDQUOT, and Deno gives no code to some errors: their number is in the text. */
function nameOf(cause: unknown): string | null {
  if (!(cause instanceof Error)) return null;
  const number = "errno" in cause ? -Number(cause.errno) : Number(/\(os error (\d+)\)$/.exec(cause.message)?.[1]);
  return Object.entries(constants.errno).find(([, other]) => other === number)?.[0] ?? null;
}

/** Makes the error of a file that does not hold what was saved. */
export function corrupt(file: string, offset: number, what: string, cause?: unknown): CheckpointError {
  return new CheckpointError("corrupt", `cannot load "${file}": it is corrupt at byte ${offset}: ${what}`, {
    file,
    offset,
    cause,
  });
}

/** Makes the error of a system call that failed, with the words of the system. Errors of this room pass unchanged. */
export function failed(what: string, cause: unknown, file: string): CheckpointError {
  if (cause instanceof CheckpointError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new CheckpointError("failed", `${what}: ${reason}`, { cause, file });
}
