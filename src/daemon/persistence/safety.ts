// Checks that no other user can change the files of a store.

import { lstatSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { isWritableByOthers } from "../../files/safety.ts";
import { unsafe } from "./errors.ts";

/** Checks that the files of a store belong to the owner of their directory. Throws a {@linkcode JournalError}. */
export function checkFiles(directory: string, isOfStore: (name: string) => boolean): void {
  const { uid } = statSync(directory);
  for (const name of readdirSync(directory)) {
    if (isOfStore(name)) checkFile(directory, join(directory, name), uid);
  }
}

function checkFile(directory: string, file: string, owner: number): void {
  const stats = lstatSync(file);
  const state = !stats.isFile()
    ? "is not a regular file"
    : stats.uid !== owner
    ? `belongs to user ${stats.uid}, and the directory to user ${owner}`
    : isWritableByOthers(stats)
    ? "can be written by other users: chmod go-w it"
    : stats.nlink > 1 && file.endsWith(".log")
    ? `has ${stats.nlink} names: a change would change the other files too`
    : null;
  if (state !== null) throw unsafe(directory, file, `"${file}" ${state}`);
}
