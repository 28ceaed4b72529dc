// The errors of requests: errors that a store sends, and errors of requests that no store accepts.

import { Errno, type ErrnoName, errnoText, isErrnoName } from "./errno.ts";

/** The context of an error: the operation, the path and the cause. */
export interface ErrorContext {
  /**
   * The operation that failed: its name in the protocol, or the method of this library, such as `"READ"` or `"walk"`.
   */
  readonly operation?: string | undefined;
  /** The path that was requested. */
  readonly path?: string | undefined;
  /** The error that caused this one. */
  readonly cause?: unknown;
}

/**
 * A request failed. This is the base of every error of this library, and what an ERROR reply of a store becomes.
 *
 * `code` and `errno` are the name of the error and its number on Linux, as in the errors of Node.
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
   * The name of the error, such as `"ENOENT"`. A name that Linux does not know is kept as the store sent it; EINVAL
   * replaces a text that is not a name.
   */
  readonly code: string;
  /** The number of the error on Linux. If the name is unknown it is that of EINVAL, as in libxenstore. */
  readonly errno: number;
  /** The operation that failed. */
  declare readonly operation: string | undefined;
  /** The path that was requested. */
  declare readonly path: string | undefined;

  /**
   * Makes the error.
   *
   * @param code The name of the error.
   * @param reason The text, without the operation and the path.
   * @param context The operation, the path and the cause.
   */
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

/** Makes the error for a name that a store or the system gave, with the text of `strerror`. */
export function errnoError(code: string, context: ErrorContext): XenStoreError {
  if (!NAME.test(code)) {
    return new XenStoreError("EINVAL", `the store names its error ${JSON.stringify(code)}`, context);
  }
  return new XenStoreError(code, isErrnoName(code) ? `${errnoText(code as ErrnoName)} (${code})` : code, context);
}

const NAME = /^E[A-Z0-9]+$/;

/**
 * The number is not that of a request of the protocol.
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

  /**
   * Makes the error.
   *
   * @param type The number.
   */
  constructor(type: number) {
    super("EINVAL", `cannot send operation ${type}: the protocol has no request of this number`);
  }
}

/**
 * No store accepts the path: it has a wrong character or a wrong slash, or is too long.
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

  /**
   * Makes the error.
   *
   * @param fault What is wrong with the path.
   * @param context The operation, the path and the cause.
   */
  constructor(fault: string, context: ErrorContext) {
    super("EINVAL", `invalid path: ${fault}`, context);
  }
}

/**
 * The request does not fit a message, or contains a NUL in a string that a NUL ends.
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

  /**
   * Makes the error.
   *
   * @param fault What is wrong with the payload.
   * @param context The operation, the path and the cause.
   * @param code EINVAL, or E2BIG if the payload is too long.
   */
  constructor(fault: string, context: ErrorContext, code: "EINVAL" | "E2BIG" = "EINVAL") {
    super(code, `invalid payload: ${fault}`, context);
  }
}

/**
 * The permission is not a letter of `n`, `r`, `w`, `b` and a domid.
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

  /**
   * Makes the error.
   *
   * @param fault What is wrong with the permission.
   * @param context The operation, the path and the cause.
   */
  constructor(fault: string, context: ErrorContext) {
    super("EINVAL", `invalid permission: ${fault}`, context);
  }
}
