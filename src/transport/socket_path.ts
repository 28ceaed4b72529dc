// The limits of the path of a Unix socket.

import { codedError } from "../wire/system_errors.ts";

/**
 * The longest path of a Unix socket in bytes: Linux's `sun_path` without its NUL. Node 20 cuts a longer path silently.
 */
export const SOCKET_PATH_MAX = 107;

/**
 * Throws EINVAL if a path contains a NUL. The system would cut the path there, and a Unix socket whose path begins with
 * a NUL is abstract: any user may own its name.
 */
export function checkNoNul(path: string): void {
  if (path.includes("\0")) throw codedError("EINVAL", "the path contains a NUL");
}

/** Throws EINVAL if a path is too long for a Unix socket, or contains a NUL. */
export function checkSocketPath(path: string): void {
  checkNoNul(path);
  const { length } = new TextEncoder().encode(path);
  if (length <= SOCKET_PATH_MAX) return;
  throw codedError("EINVAL", `socket path of ${length} bytes: ${SOCKET_PATH_MAX} are allowed`);
}
