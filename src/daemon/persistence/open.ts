// Opens a directory that keeps a store.

import { mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Change } from "../tree/tree.ts";
import { failed } from "./errors.ts";
import { type Files, filesOf, syncDirectory } from "./files.ts";
import { Journal, type JournalOptions } from "./journal.ts";
import { lockDirectory } from "./lock.ts";
import { type Discarded, restore } from "./restore.ts";

/** A store that was kept, and what keeps it from now on. */
export interface OpenedJournal {
  /** The changes that rebuild the store from an empty one; none if the directory is new. */
  readonly changes: Iterable<Change>;
  /** Whether nothing was kept yet. */
  readonly isNew: boolean;
  /** The bytes of incomplete changes that a crash left at the end of the log, if any. No client was told of them. */
  readonly discarded: Discarded | null;
  /** Takes what changes from now on. Closing it lets go of the directory. */
  readonly journal: Journal;
}

/**
 * Opens a directory, and makes it if it does not exist. Throws a {@linkcode JournalError} if a live process uses it, a
 * later version wrote it, a file is corrupt, or the system refuses.
 */
export async function openJournal(directory: string, options: JournalOptions): Promise<OpenedJournal> {
  const path = resolve(directory);
  try {
    const made = mkdirSync(path, { recursive: true, mode: 0o700 });
    for (let at = path; made !== undefined && at !== dirname(made); at = dirname(at)) syncDirectory(dirname(at));
  } catch (error) {
    throw failed(`cannot open "${path}"`, error);
  }
  const lock = await lockDirectory(path);
  try {
    return openFiles(filesOf(path), options, () => lock.release());
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Opens files that no other process uses. */
export function openFiles(files: Files, options: JournalOptions, onClosed: () => void = () => {}): OpenedJournal {
  const restored = restore(files);
  return {
    changes: restored.changes,
    isNew: restored.sequence === 0,
    discarded: restored.discarded,
    journal: new Journal(files, restored, options, onClosed),
  };
}
