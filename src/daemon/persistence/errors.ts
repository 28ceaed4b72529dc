// The error of a store that is kept on disk: what could not be read back, or not be written.

import { XenStoreError } from "../../wire/errors.ts";

/** Why a journal failed. */
export type JournalFault =
  /** The directory is that of a process that is alive. */
  | "in-use"
  /** A file was written by a later version. */
  | "version"
  /** A file does not hold what was written to it. */
  | "corrupt"
  /** The system could not write, or read: `cause` says why. */
  | "failed";

/** What else is known of a fault. */
export interface JournalErrorContext {
  /** The file's path. */
  readonly file?: string | undefined;
  /** The byte of the file at which the fault begins. */
  readonly offset?: number | undefined;
  /** What the system said. */
  readonly cause?: unknown;
}

const codes = { "in-use": "EBUSY", "version": "ENOSYS", "corrupt": "EIO", "failed": "EIO" } as const;

/**
 * A journal that cannot be opened, or cannot be written.
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
  /** What kind of failure this is. */
  readonly fault: JournalFault;
  /** The path of the file that is concerned. */
  readonly file: string | undefined;
  /** The byte of it at which the fault begins. */
  readonly offset: number | undefined;

  /** Makes the error from its kind, its text and what is known besides. */
  constructor(fault: JournalFault, message: string, { file, offset, cause }: JournalErrorContext = {}) {
    super((fault === "failed" ? systemCode(cause) : null) ?? codes[fault], message, { cause });
    this.fault = fault;
    this.file = file;
    this.offset = offset;
  }
}

/** The error of a file that does not hold what was written to it. */
export function corrupt(file: string, offset: number, what: string): JournalError {
  return new JournalError("corrupt", `cannot restore the store: "${file}" is corrupt at byte ${offset}: ${what}`, {
    file,
    offset,
  });
}

/** The error of something that the system refused, in its own words. */
export function failed(what: string, cause: unknown, file?: string): JournalError {
  if (cause instanceof JournalError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new JournalError("failed", `${what}: ${reason}`, { cause, file });
}

function systemCode(cause: unknown): string | null {
  const code = cause instanceof Error && "code" in cause ? cause.code : null;
  return typeof code === "string" ? code : null;
}
