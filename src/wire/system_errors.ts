// Errors with a code, like those of the operating system.

/** An error with a `code`, like the system's own. */
export function codedError(code: string, message: string, cause?: unknown): Error & { code: string } {
  return Object.assign(new Error(message, cause === undefined ? undefined : { cause }), { code });
}

/** The `code` of a system's error: `"ENOENT"`, `"EPIPE"`; `undefined` of anything else. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** Tells whether a permission of Deno or Node denied the call, not the system. */
export function isDenied(error: unknown): boolean {
  return error instanceof Error && (error.name === "NotCapable" || codeOf(error) === "ERR_ACCESS_DENIED");
}
