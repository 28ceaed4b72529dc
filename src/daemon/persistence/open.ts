// Opens a directory that keeps a store.

import { resolve } from "node:path";
import { prepareDirectory } from "../../files/safety.ts";
import { codedError } from "../../wire/system_errors.ts";
import type { Change } from "../tree/changes.ts";
import { failed, unsafe } from "./errors.ts";
import { type Files, filesOf } from "./files.ts";
import { Journal, type JournalOptions } from "./journal.ts";
import { type Lock, lockDirectory } from "./lock.ts";
import { type Discarded, isFileName, restore } from "./restore.ts";
import { checkFiles } from "./safety.ts";

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
 * Opens a directory, and makes it if it does not exist. Throws a {@linkcode JournalError} if a live process uses it,
 * another user can change it, a later version wrote it, a file is corrupt, or the system refuses.
 */
export async function openJournal(directory: string, options: JournalOptions): Promise<OpenedJournal> {
  const path = resolve(directory);
  if (path.includes("\0")) throw failed(`cannot open "${path}"`, codedError("EINVAL", "the path contains a NUL"), path);
  guarded(path, () => prepareDirectory(path, (file, state) => unsafe(path, file, state)));
  const lock = await lockDirectory(path);
  try {
    guarded(path, () => checkFiles(path, isFileName));
    return openFiles(filesOf(path), options, lock);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** Opens files that no other process uses. */
export function openFiles(files: Files, options: JournalOptions, lock: Lock | null = null): OpenedJournal {
  const restored = restore(files);
  return {
    changes: restored.changes,
    isNew: restored.sequence === 0,
    discarded: restored.discarded,
    journal: new Journal(files, restored, options, lock),
  };
}

/** Runs a step of opening a directory. The error of the system becomes a {@linkcode JournalError}. */
function guarded(directory: string, run: () => void): void {
  try {
    run();
  } catch (error) {
    throw failed(`cannot open "${directory}"`, error, directory);
  }
}
