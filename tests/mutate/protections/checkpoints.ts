// The protections of checkpoints: the lock, the syncs, the checksum, and what may be removed.

import type { Protection } from "../protection.ts";

/** The protections of checkpoints. */
export const checkpoints: readonly Protection[] = [
  {
    name: "one process saves at a time",
    file: "src/checkpoints/storage/next_file.ts",
    remove: "O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)",
    instead: "O_WRONLY | O_CREAT | O_NOFOLLOW, 0o600)",
    testFile: "tests/checkpoints/storage/lock.test.ts",
    test: "a second save rejects with the owner and the age of the first, which succeeds",
  },
  {
    name: "the lock of another process",
    file: "src/checkpoints/storage/next_file.ts",
    remove: "if (!await this.#isOurs()) {",
    instead: "if (this.#identity === null) {",
    testFile: "tests/checkpoints/storage/lock.test.ts",
    test: "a save whose lock is broken rejects, and leaves the checkpoint and the lock of the next owner alone",
  },
  {
    name: "the lock of a live owner",
    file: "src/checkpoints/storage/lock.ts",
    remove: 'if (!force && lock.state !== "dead") throw new LockedStorageError(what, lock);',
    testFile: "tests/checkpoints/storage/lock.test.ts",
    test: "breakLock() removes the lock of a live owner only with force",
  },
  {
    name: "a process id that was used again",
    file: "src/checkpoints/storage/owner.ts",
    remove: "owner.started === null || started === null || owner.started === started",
    instead: "started !== undefined",
    testFile: "tests/checkpoints/storage/lock.test.ts",
    test: "a process id that was used again is another process",
  },
  {
    name: "the checksum of a checkpoint",
    file: "src/checkpoints/storage/reading.ts",
    remove: 'if (hash.digest("hex") !== trailer.checksum) throw corrupt(file, 0, "its checksum is another");',
    testFile: "tests/checkpoints/storage/corruption.test.ts",
    test: "open() rejects a corrupt file before it gives any byte",
  },
  {
    name: "the checksum of the second reading",
    file: "src/checkpoints/storage/loading.ts",
    remove: 'if (hash.digest("hex") !== checksum) throw corrupt(this.#file, 0, "it changed after it was verified");',
    testFile: "tests/checkpoints/storage/storage.test.ts",
    test: "chunks() rejects if the file changes in place after it was verified",
  },
  {
    name: "a link in place of a checkpoint",
    file: "src/checkpoints/storage/reading.ts",
    remove: "O_RDONLY | O_NOFOLLOW | O_NONBLOCK)",
    instead: "O_RDONLY | O_NONBLOCK)",
    testFile: "tests/checkpoints/storage/storage.test.ts",
    test: "load() follows no link, opens no pipe, and reads no directory",
  },
  {
    name: "what legacy mode removes",
    file: "src/checkpoints/storage/last.ts",
    remove: "if (await isOwnStorage(former, location)) await removeTree(former);",
    instead: "await removeTree(former);",
    testFile: "tests/checkpoints/storage/repository.test.ts",
    test: "a new storage does not remove a directory without a checkpoint that the link names",
  },
  {
    name: "a link that leads out of the repository",
    file: "src/checkpoints/storage/last.ts",
    remove: "if (dirname(location) !== base) return null;",
    testFile: "tests/checkpoints/storage/repository.test.ts",
    test: "a new storage does not remove a directory outside of the repository that the link names",
  },
  {
    name: "the removal of other directories",
    file: "src/checkpoints/storage/removing.ts",
    remove: "if (!isStorage) {",
    instead: "if (names === null) {",
    testFile: "tests/checkpoints/storage/repository.test.ts",
    test: "remove() refuses a link, a file, and a directory that is no storage",
  },
];
