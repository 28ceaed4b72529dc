// Removes a storage, and never anything that a link leads to.

import { readdir, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { syncDirectory } from "../files/sync.ts";
import { codeOf } from "../wire/system_errors.ts";
import { CheckpointError, failed } from "./errors.ts";
import { FILE_NAME, NEXT_NAME, SUFFIX } from "./location.ts";
import { entryOf } from "./lock.ts";
import type { Place } from "./saving.ts";

/** Removes the directory of a storage. Returns false if it does not exist. */
export async function removeStorage({ location }: Place): Promise<boolean> {
  const what = `cannot remove "${location}"`;
  try {
    const found = await entryOf(location);
    if (found === null) return false;
    if (!found.isDirectory()) throw new CheckpointError("unsafe", `${what}: it is not a directory`, { file: location });
    const names = await readdir(location);
    const isStorage = location.endsWith(SUFFIX) || names.length === 0 ||
      names.includes(FILE_NAME) || names.includes(NEXT_NAME);
    if (!isStorage) {
      const state = "it has no checkpoint: remove the directory by other means";
      throw new CheckpointError("unsafe", `${what}: ${state}`, { file: location });
    }
    await removeTree(location);
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
    throw failed(what, error, location);
  }
}

/** Removes a directory with everything in it. A link is removed, and not followed. */
export async function removeTree(directory: string): Promise<void> {
  await rm(directory, { recursive: true });
  syncDirectory(dirname(directory));
}
