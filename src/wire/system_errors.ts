// Errors with a code, like those of the operating system.

import { Errno } from "./errno.ts";

const DENO_EDQUOT = `(os error ${Errno.EDQUOT})`;

/** An error with a `code`, like the system's own. */
export function codedError(code: string, message: string, cause?: unknown): Error & { code: string } {
  return Object.assign(new Error(message, cause === undefined ? undefined : { cause }), { code });
}

/** The `code` of a system's error: `"ENOENT"`, `"EPIPE"`; `undefined` of anything else. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  // libuv has no name for EDQUOT: the code is "Unknown system error -122" on Node, and "UNKNOWN" or missing on Deno.
  if (("errno" in error && error.errno === -Errno.EDQUOT) || error.message.endsWith(DENO_EDQUOT)) return "EDQUOT";
  if (!("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** Tells whether a permission of Deno or Node denied the call, not the system. */
export function isDenied(error: unknown): boolean {
  return error instanceof Error && (error.name === "NotCapable" || codeOf(error) === "ERR_ACCESS_DENIED");
}
