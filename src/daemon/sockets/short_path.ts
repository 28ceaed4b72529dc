// A name for a socket whose path is too long for the system.

import { closeSync, constants, existsSync, openSync } from "node:fs";
import { join } from "node:path";
import { SOCKET_PATH_MAX } from "../../transport/socket_path.ts";

/** Names the sockets of one directory by paths that the system accepts. */
export interface ShortPaths {
  /** The path of a socket, by the name of its file. */
  path(name: string): string;
  /** Closes the directory. No path is valid after that, nor can the sockets be removed by it. Closing twice is fine. */
  close(): void;
}

/**
 * Opens a directory to name its sockets. `name` is the longest name of a socket there.
 *
 * A path that fits `sun_path` stays as it is. Otherwise the path leads through the descriptor of the directory, on
 * Linux. Throws a `RangeError` if the path is too long and the system has no such descriptors.
 */
export function openShortPaths(directory: string, name: string): ShortPaths {
  const { length } = new TextEncoder().encode(join(directory, name));
  if (length <= SOCKET_PATH_MAX) return { path: (name) => join(directory, name), close: () => {} };
  if (!existsSync("/proc/self/fd")) {
    throw new RangeError(`cannot name a socket in "${directory}": ${length} bytes, and ${SOCKET_PATH_MAX} are allowed`);
  }
  let descriptor: number | null = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  return {
    path: (name) => `/proc/self/fd/${descriptor}/${name}`,
    close: () => {
      if (descriptor !== null) closeSync(descriptor);
      descriptor = null;
    },
  };
}
