// The exception of xen.lowlevel.xs.

import { Errno, errnoText, isErrnoName } from "../../src/wire/errno.ts";

/**
 * What a handle throws where the store refuses, or cannot be reached: Python's `xen.lowlevel.xs.Error`.
 *
 * `args` are the number and the text of the error; the message is Python's `str()` of it.
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
  // A bundle may have to call the class otherwise.
  static {
    Object.defineProperty(this, "name", { value: "Error" });
  }
  /** `"Error"`, which is all that Python calls it. */
  override name = "Error";
  /** Linux's number for the error, and its text. */
  readonly args: readonly [errno: number, text: string];

  /** Makes the error of a number and a text. */
  constructor(errno: number, text: string, options?: ErrorOptions) {
    super(`(${errno}, '${text}')`, options);
    this.args = [errno, text];
  }
}

/** The error for a name, as libxenstore takes it: one that it does not know is EINVAL. */
export function xsError(code: string, cause?: unknown): Error {
  const name = isErrnoName(code) && code !== "EQUOTA" ? code : "EINVAL";
  return new Error(Errno[name], errnoText(name), cause === undefined ? undefined : { cause });
}
