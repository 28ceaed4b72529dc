// The exception of xen.lowlevel.xs.

import { Errno, errnoText, isErrnoName } from "../../src/wire/errno.ts";

/**
 * The store refused, or the connection is over: Python's `xen.lowlevel.xs.Error`.
 *
 * `args` are the number and the text of the error. The message is Python's `str()` of it.
 *
 * @example
 * ```ts
 * import { Error as XsError, xs } from "tsxs/xs";
 *
 * const h = xs();
 * try {
 *   h.unwatch("/tool", "no such token");
 * } catch (error) {
 *   if (!(error instanceof XsError)) throw error;
 *   const [errno, text] = error.args;
 *   console.log(errno, text); // 2 No such file or directory
 * }
 * h.close();
 * ```
 */
export class Error extends globalThis.Error {
  // A bundler may rename the class.
  static {
    Object.defineProperty(this, "name", { value: "Error" });
  }
  /** `"Error"`, the name in Python. */
  override name = "Error";
  /** The number of the error on Linux, and its text. */
  readonly args: readonly [errno: number, text: string];

  /**
   * Makes the error.
   *
   * @param errno The number of the error on Linux.
   * @param text The text of the error.
   * @param options The cause.
   */
  constructor(errno: number, text: string, options?: ErrorOptions) {
    super(`(${errno}, '${text}')`, options);
    this.args = [errno, text];
  }
}

/** Makes the error for a name as libxenstore does: EINVAL replaces an unknown name. */
export function xsError(code: string, cause?: unknown): Error {
  const name = isErrnoName(code) && code !== "EQUOTA" ? code : "EINVAL";
  return new Error(Errno[name], errnoText(name), cause === undefined ? undefined : { cause });
}
