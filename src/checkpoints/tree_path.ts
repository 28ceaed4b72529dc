// The paths of checkpoints, which are absolute.

import { InvalidPathError } from "../wire/errors.ts";
import { pathFault } from "../wire/path.ts";

/** Returns the path. Throws an {@linkcode InvalidPathError} if it is not absolute, or invalid. */
export function absolutePath(path: string, operation: string): string {
  const fault = pathFault(path) ?? (path.startsWith("/") ? null : "it does not begin with a slash");
  if (fault !== null) throw new InvalidPathError(fault, { operation, path });
  return path;
}
