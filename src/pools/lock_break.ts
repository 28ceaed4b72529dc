// How a lock is broken that its owner has left.

import { randomBytes } from "node:crypto";
import { codeOf } from "../wire/system_errors.ts";
import type { PoolFiles } from "./files.ts";
import { commitPartPath, type LockStatus, lockStatus, ownerAt, signPath } from "./lock_status.ts";

/*
 * One process at a time breaks a lock: the one that has made the file with this end. But a process may sleep for so
 * long that its file is stale, too, and wake after the lock was broken and taken anew. So no process removes a file
 * whose content it saw before. It gives the file a name of its own first, and looks at it then.
 *
 * Until it has looked, the lock that it has renamed has no name, and a third process may create another one. So a
 * process that creates a lock looks for the mark after that, and has the lock only once the mark is gone: `lock.ts`
 * does that. A lock that was created before the mark is seen here before anything is renamed.
 */
const BREAK_END = ".break";
const ASIDE_END = ".aside";

/** Returns the path of the file of the process that breaks a lock. */
export function breakMark(path: string): string {
  return `${path}${BREAK_END}`;
}

/** Removes the mark of a process that breaks a lock if it is stale: its process may have been killed. */
export async function removeStaleMark(files: PoolFiles, path: string): Promise<void> {
  const breaking = breakMark(path);
  if (!(await lockStatus(files, breaking))?.isStale) return;
  await removeIf(files, breaking, async (aside) => (await lockStatus(files, aside))?.isStale === true);
}

/**
 * Removes a lock that was seen. Resolves with false if another process has taken or released the lock since then, or
 * breaks it now.
 */
export async function breakLock(files: PoolFiles, path: string, seen: LockStatus): Promise<boolean> {
  const breaking = breakMark(path);
  const mark = randomBytes(16).toString("hex");
  if (!await files.createExclusive(breaking, new TextEncoder().encode(mark))) {
    await removeStaleMark(files, path);
    return false;
  }
  try {
    const id = seen.owner?.id;
    if ((await ownerAt(files, path))?.id !== id) return false;
    const isSeen = async (aside: string): Promise<boolean> => {
      if (id !== undefined) return (await ownerAt(files, aside))?.id === id;
      // The owner of a new lock is unknown until its file is written.
      const found = await lockStatus(files, aside);
      return found?.owner === null && found.age >= seen.age;
    };
    if (!await removeIf(files, path, isSeen)) return false;
    if (seen.owner !== null) {
      // Its owner may be suspended, and go on. No process has the next lock before the mark is gone.
      await files.remove(commitPartPath(path, seen.owner));
      await files.remove(signPath(path, seen.owner));
    }
    return true;
  } finally {
    if (await isMarked(files, breaking, mark)) await files.remove(breaking);
  }
}

/** Removes a file if it is the one that is meant. A file that has its name by now stays, or gets its name again. */
async function removeIf(
  files: PoolFiles,
  path: string,
  isMeant: (aside: string) => Promise<boolean>,
): Promise<boolean> {
  const aside = `${path}.${randomBytes(8).toString("hex")}${ASIDE_END}`;
  try {
    await files.rename(path, aside);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
    throw error;
  }
  const isRemoved = await isMeant(aside);
  if (!isRemoved) await files.link(aside, path);
  await files.remove(aside);
  return isRemoved;
}

async function isMarked(files: PoolFiles, path: string, mark: string): Promise<boolean> {
  try {
    for await (const bytes of files.read(path)) return new TextDecoder("latin1").decode(bytes) === mark;
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
  return false;
}
