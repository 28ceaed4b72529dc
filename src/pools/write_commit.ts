// Writes the file that becomes a commit, under the locks of the process.

import { IntegrityError } from "./copy.ts";
import type { PoolFiles } from "./files.ts";
import type { HeldLock } from "./held_lock.ts";

/**
 * Writes what becomes a commit, reads it again, and looks whether this process still has its locks. Whoever breaks the
 * lock of the state after that removes the file. Whoever has broken it before is seen here.
 */
export async function writeCommit(
  files: PoolFiles,
  path: string,
  content: Uint8Array,
  locks: readonly HeldLock[],
): Promise<void> {
  const fresh = await files.createPart(path);
  const file = fresh ?? await files.openPart(path);
  const confirmed = Promise.all(locks.map((lock) => lock.confirm(files)));
  confirmed.catch(() => {});
  try {
    if (fresh === null) await file.truncate(0);
    await file.write(content, 0);
    const synced = file.sync();
    synced.catch(() => {});
    const found = await joined(file.read());
    await synced;
    if (!found.equals(content)) throw new IntegrityError(files.location, path, "it differs from what was sent");
  } finally {
    await file.close();
  }
  await confirmed;
}

async function joined(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const found: Uint8Array[] = [];
  for await (const bytes of pieces) found.push(bytes);
  return Buffer.concat(found);
}
