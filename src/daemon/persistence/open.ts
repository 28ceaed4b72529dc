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
  /** What builds the store as it was, from a store without any node; nothing where the directory is new. */
  readonly changes: Iterable<Change>;
  /** Whether nothing was kept yet. */
  readonly isNew: boolean;
  /** Bytes at the end of the log that a crash left incomplete, if there were any: nobody was told of these changes. */
  readonly discarded: Discarded | null;
  /** Takes what changes from now on. Closing it lets go of the directory. */
  readonly journal: Journal;
}

/**
 * Opens a directory, and makes it where there is none. Throws a {@linkcode JournalError} where a process that is alive
 * has it open, a later version wrote it, it is corrupt, or the system refuses.
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

/** Opens files that nobody else has open. */
export function openFiles(files: Files, options: JournalOptions, onClosed: () => void = () => {}): OpenedJournal {
  const restored = restore(files);
  return {
    changes: restored.changes,
    isNew: restored.sequence === 0,
    discarded: restored.discarded,
    journal: new Journal(files, restored, options, onClosed),
  };
}
