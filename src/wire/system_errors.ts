// The system's errors: the code that each carries, and the error of a number that libc leaves.

import { Errno, errnoText, isErrnoName } from "./errno.ts";

/** An error with a `code`, like the system's own. */
export function codedError(code: string, message: string, cause?: unknown): Error & { code: string } {
  return Object.assign(new Error(message, cause === undefined ? undefined : { cause }), { code });
}

/** The `code` of a system's error: `"ENOENT"`, `"EPIPE"`; `undefined` of anything else. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** The error of a number that a call of libc left, with its name as `code` where the name is known. */
export function systemError(errno: number, call: string): Error & { code: string } {
  const [name = ""] = Object.entries(Errno).find(([, number]) => number === errno) ?? [];
  return isErrnoName(name)
    ? codedError(name, `${call}: ${errnoText(name)} (${name})`)
    : codedError(`E${errno}`, `${call}: error ${errno}`);
}
