// Syncs the names of files.

import { closeSync, fsyncSync, openSync } from "node:fs";

/** Returns when the names of a directory's files are on the disk. */
export function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
