// The errors that the protocol itself defines: what a store answers, and what it would never accept.

import { Errno, type ErrnoName, errnoText, isErrnoName } from "./errno.ts";

/** What an error says besides its text: which operation failed, on which path, and why. */
export interface ErrorContext {
  /** The operation that failed, by its name in the protocol, or the method of this library: `"READ"`, `"walk"`. */
  readonly operation?: string | undefined;
  /** The path that the operation was asked for. */
  readonly path?: string | undefined;
  /** What made it fail, where something else did. */
  readonly cause?: unknown;
}

/**
 * A request that failed: the base of every error of this library, and what a store's ERROR reply becomes.
 *
 * `code` and `errno` are the error's name and Linux's number for it, as in the errors of Node.
 *
 * @example
 * ```ts
 * import { connect, XenStoreError } from "tsxs";
 *
 * await using store = await connect();
 * try {
 *   await store.read("/no/such/node");
 * } catch (error) {
 *   if (!(error instanceof XenStoreError)) throw error;
 *   console.log(error.code, error.errno, error.operation, error.path); // ENOENT 2 READ /no/such/node
 * }
 * ```
 */
export class XenStoreError extends Error {
  /** `"XenStoreError"`. */
  override name = "XenStoreError";
  /**
   * The error's name: `"ENOENT"`. A name that Linux does not have is kept as the store sent it; EINVAL stands for what
   * is no name.
   */
  readonly code: string;
  /** Linux's number for it; EINVAL's, as in libxenstore, where the name is unknown. */
  readonly errno: number;
  /** The operation that failed. */
  declare readonly operation: string | undefined;
  /** The path that it was asked for. */
  declare readonly path: string | undefined;

  /** Makes the error from its name, what it says of the failure, and where that was. */
  constructor(code: string, reason: string, context: ErrorContext = {}) {
    const { operation, path, cause } = context;
    const subject = [operation, path === undefined ? undefined : JSON.stringify(path)].filter(Boolean).join(" ");
    super(subject === "" ? reason : `${subject}: ${reason}`, cause === undefined ? undefined : { cause });
    this.code = code;
    this.errno = isErrnoName(code) ? Errno[code] : Errno.EINVAL;
    // Not set if not known: runtimes print every property of an uncaught error.
    if (operation !== undefined) this.operation = operation;
    if (path !== undefined) this.path = path;
  }
}

/** The error for a name that a store, or the system, gave: its text is that of `strerror`, with the name. */
export function errnoError(code: string, context: ErrorContext): XenStoreError {
  if (!NAME.test(code)) {
    return new XenStoreError("EINVAL", `the store names its error ${JSON.stringify(code)}`, context);
  }
  return new XenStoreError(code, isErrnoName(code) ? `${errnoText(code as ErrnoName)} (${code})` : code, context);
}

const NAME = /^E[A-Z0-9]+$/;

/**
 * A number that is no operation of the protocol.
 *
 * @example
 * ```ts
 * import { connect, InvalidOperationError, type Operation } from "tsxs";
 *
 * await using store = await connect();
 * const error = await store.execute(77 as Operation, []).catch((reason) => reason);
 * console.log(error instanceof InvalidOperationError, error.code); // true EINVAL
 * ```
 */
export class InvalidOperationError extends XenStoreError {
  /** `"InvalidOperationError"`. */
  override name = "InvalidOperationError";

  /** Makes the error for the number that was given. */
  constructor(type: number) {
    super("EINVAL", `cannot send operation ${type}: the protocol has none of that number`);
  }
}

/**
 * A path that no store would accept: a wrong character, a wrong slash, or too long.
 *
 * @example
 * ```ts
 * import { connect, InvalidPathError } from "tsxs";
 *
 * await using store = await connect();
 * const error = await store.read("/no spaces, please").catch((reason) => reason);
 * console.log(error instanceof InvalidPathError, error.code); // true EINVAL
 * ```
 */
export class InvalidPathError extends XenStoreError {
  /** `"InvalidPathError"`. */
  override name = "InvalidPathError";

  /** Makes the error from what is wrong with the path. */
  constructor(fault: string, context: ErrorContext) {
    super("EINVAL", `invalid path: ${fault}`, context);
  }
}

/**
 * A request that does not fit a message, or holds a NUL where the protocol ends a string with one.
 *
 * @example
 * ```ts
 * import { connect, InvalidPayloadError } from "tsxs";
 *
 * await using store = await connect();
 * const error = await store.write("/tool/example", new Uint8Array(5000)).catch((reason) => reason);
 * console.log(error instanceof InvalidPayloadError, error.code); // true E2BIG
 * ```
 */
export class InvalidPayloadError extends XenStoreError {
  /** `"InvalidPayloadError"`. */
  override name = "InvalidPayloadError";

  /** Makes the error from what is wrong with the payload. */
  constructor(fault: string, context: ErrorContext, code: "EINVAL" | "E2BIG" = "EINVAL") {
    super(code, `invalid payload: ${fault}`, context);
  }
}

/**
 * A permission that is not a letter of `n`, `r`, `w`, `b` and a domid.
 *
 * @example
 * ```ts
 * import { connect, InvalidPermissionError } from "tsxs";
 *
 * await using store = await connect();
 * const error = await store.setPerms("/tool", ["x0"]).catch((reason) => reason);
 * console.log(error instanceof InvalidPermissionError, error.code); // true EINVAL
 * ```
 */
export class InvalidPermissionError extends XenStoreError {
  /** `"InvalidPermissionError"`. */
  override name = "InvalidPermissionError";

  /** Makes the error from what is wrong with the permission. */
  constructor(fault: string, context: ErrorContext) {
    super("EINVAL", `invalid permission: ${fault}`, context);
  }
}
