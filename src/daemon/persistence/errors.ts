// The errors of a persisted store: it cannot be read back, or not be written.

import { XenStoreError } from "../../wire/errors.ts";
import { codeOf, isDenied } from "../../wire/system_errors.ts";

/** Why a journal failed. */
export type JournalFault =
  /** A process that is alive uses the directory. */
  | "in-use"
  /** Another user owns the directory or a file in it, or may write there. */
  | "unsafe"
  /** A later version wrote a file. */
  | "version"
  /** A file does not hold what was written to it. */
  | "corrupt"
  /** The system could not read or write: `cause` has its error. */
  | "failed";

/** The place and the cause of a fault. */
export interface JournalErrorContext {
  /** The path of the file. */
  readonly file?: string | undefined;
  /** The index of the byte at which the fault begins. */
  readonly offset?: number | undefined;
  /** The error of the system. */
  readonly cause?: unknown;
}

const codes = { "in-use": "EBUSY", "unsafe": "EPERM", "version": "ENOSYS", "corrupt": "EIO", "failed": "EIO" } as const;

/**
 * The journal cannot be opened, or cannot be written.
 *
 * @example
 * ```ts
 * import { mkdtemp } from "node:fs/promises";
 * import { Daemon, JournalError } from "tsxs/daemon";
 *
 * const directory = await mkdtemp("/tmp/store-");
 * await using daemon = await Daemon.open(directory);
 * const error = await Daemon.open(directory).catch((reason) => reason);
 * console.log(error instanceof JournalError, error.code); // true EBUSY
 * ```
 */
export class JournalError extends XenStoreError {
  /** `"JournalError"`. */
  override name = "JournalError";
  /** The kind of the fault. */
  readonly fault: JournalFault;
  /** The path of the file. */
  readonly file: string | undefined;
  /** The index of the byte at which the fault begins. */
  readonly offset: number | undefined;

  /**
   * Makes the error.
   *
   * @param fault The kind of the fault.
   * @param message The text.
   * @param context The file, the byte, and the cause.
   */
  constructor(fault: JournalFault, message: string, { file, offset, cause }: JournalErrorContext = {}) {
    super((fault === "failed" ? systemCode(cause) : null) ?? codes[fault], message, { cause });
    this.fault = fault;
    this.file = file;
    this.offset = offset;
  }
}

/** Makes the error of a corrupt file. */
export function corrupt(file: string, offset: number, what: string): JournalError {
  return new JournalError("corrupt", `cannot restore the store: "${file}" is corrupt at byte ${offset}: ${what}`, {
    file,
    offset,
  });
}

/** Makes the error of a directory that other users can change. */
export function unsafe(directory: string, file: string, state: string): JournalError {
  return new JournalError("unsafe", `cannot open "${directory}": ${state}`, { file });
}

/** Makes the error of a system call that failed, with the words of the system. */
export function failed(what: string, cause: unknown, file?: string): JournalError {
  if (cause instanceof JournalError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new JournalError("failed", `${what}: ${reason}`, { cause, file });
}

function systemCode(cause: unknown): string | null {
  return isDenied(cause) ? "EACCES" : codeOf(cause) ?? null;
}
