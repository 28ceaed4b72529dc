// The files of a state whose manifest is damaged, so that only their names tell that they belong to it.

import { join } from "node:path";
import type { PoolFiles } from "./files.ts";
import { isPathOf, MANIFEST_END, manifestName } from "./manifest.ts";
import { RemoteError } from "./sftp/errors.ts";

/**
 * Returns the paths of the files of a state: those in the directory of its object, and in the directories of its disks.
 * `states` are the names of all states of the object. A directory that is an object with a state of that name is left
 * out, because its files are those of that state.
 */
export async function filesByName(
  files: PoolFiles,
  object: string,
  state: string,
  states: readonly string[],
): Promise<string[]> {
  const known = new Set(states);
  const found: string[] = [];
  for (const name of await files.list(object)) {
    if (isPathOf(name, state)) found.push(join(object, name));
    // The file of a state is no directory.
    if (name.startsWith(".") || known.has(name.slice(0, Math.max(0, name.lastIndexOf("."))))) continue;
    const names = await namesIn(files, join(object, name));
    if (names.includes(manifestName(state)) || names.includes(`.${state}.commit`)) continue;
    for (const one of names) if (isPathOf(`${name}/${one}`, state)) found.push(join(object, name, one));
  }
  return found.filter((path) => !path.endsWith(MANIFEST_END));
}

/** Returns the names in a directory, and none if it is something else. */
async function namesIn(files: PoolFiles, directory: string): Promise<string[]> {
  try {
    return await files.list(directory);
  } catch (error) {
    if (error instanceof RemoteError) throw error;
    return [];
  }
}
