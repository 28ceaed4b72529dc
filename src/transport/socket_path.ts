// How long the path of a Unix socket may be.

import { codedError } from "../wire/system_errors.ts";

/**
 * Longest path of a Unix socket in bytes: `sun_path` of Linux, less its NUL. Node 20 would cut a longer one silently.
 */
export const SOCKET_PATH_MAX = 107;

/** Throws EINVAL where a path is too long for a Unix socket. */
export function checkSocketPath(path: string): void {
  const { length } = new TextEncoder().encode(path);
  if (length <= SOCKET_PATH_MAX) return;
  throw codedError("EINVAL", `socket path of ${length} bytes: ${SOCKET_PATH_MAX} are allowed`);
}
