// Processes that break one lock at the same time, each stopped between any two of its steps.

import { mkdir, readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { LocalFiles } from "../../src/pools/files_local.ts";
import { LockedStateError, takeLock } from "../../src/pools/lock.ts";
import { breakLock } from "../../src/pools/lock_break.ts";
import { type LockStatus, lockStatus } from "../../src/pools/lock_status.ts";
import { inTemporary } from "../support/temporary.ts";
import { hookedFiles } from "./hooked_files.ts";

const context = { operation: "set", object: "guest", state: "clean" };
const path = "guest/.clean.lock";
const breaking = `${path}.break`;
const times = { heartbeat: 3_600_000, stale: 60_000, poll: 1 };

/** Files of a process that sleeps before it renames a file, and again after that. */
class Sleeping extends LocalFiles {
  before: () => Promise<void> = () => Promise.resolve();
  after: () => Promise<void> = () => Promise.resolve();

  override async rename(from: string, to: string): Promise<void> {
    const { before, after } = this;
    this.before = this.after = () => Promise.resolve();
    await before();
    await super.rename(from, to);
    await after();
  }
}

interface Scene {
  readonly files: LocalFiles;
  readonly sleeper: Sleeping;
  /** The lock of a process that was killed, as all others have seen it. */
  readonly seen: LockStatus;
  readonly take: () => ReturnType<typeof takeLock>;
  readonly age: (path: string) => Promise<void>;
  readonly names: () => Promise<string[]>;
}

/** Runs a test with a stale lock. */
function withStale(run: (scene: Scene) => Promise<void>): Promise<void> {
  return inTemporary(async (directory) => {
    const files = new LocalFiles(directory);
    const take = () => takeLock(files, path, context, { timeout: 0, times });
    const age = async (name: string): Promise<void> => {
      const time = (await stat(join(directory, name))).mtimeMs / 1000 - 61;
      await utimes(join(directory, name), time, time);
    };
    const names = async (): Promise<string[]> => (await readdir(join(directory, "guest"))).sort();
    await take();
    await age(path);
    const seen = await lockStatus(files, path);
    assert(seen?.isStale);
    await run({ files, sleeper: new Sleeping(directory), seen, take, age, names });
  });
}

describe("a process that breaks a lock", () => {
  test("that wakes after the lock was broken and taken anew leaves the new one", () =>
    withStale(async ({ files, sleeper, seen, take, age, names }) => {
      let next: Awaited<ReturnType<typeof takeLock>> | undefined;
      sleeper.before = async () => {
        await age(breaking);
        assertEquals(await breakLock(files, path, seen), false, "the mark of the sleeping process is in the way");
        next = await take();
      };
      const owner = async () => (await lockStatus(files, path))?.owner?.id;
      // The lock is taken by breaking it.
      assertEquals(await breakLock(sleeper, path, seen), false);
      assert(next !== undefined, "the other process did not take the lock");
      assert(await owner() !== undefined && await owner() !== seen.owner?.id);
      assertEquals(await names(), [".clean.lock"]);
      await next.release();
      assertEquals(await names(), []);
    }));

  test("that has renamed a new lock leaves the one that a third process took in its place", () =>
    withStale(async ({ files, sleeper, seen, take, age, names }) => {
      const taken: string[] = [];
      const takeAnew = async (): Promise<void> => {
        await take();
        taken.push((await lockStatus(files, path))?.owner?.id ?? "");
      };
      sleeper.before = async () => {
        await age(breaking);
        await breakLock(files, path, seen);
        await takeAnew();
      };
      sleeper.after = takeAnew;
      assertEquals(await breakLock(sleeper, path, seen), false);
      assertEquals(taken.length, 2);
      assertEquals((await lockStatus(files, path))?.owner?.id, taken[1]);
      assertEquals(await names(), [".clean.lock"]);
    }));

  test("and has renamed a new lock never lets a third process have the lock beside its owner", () =>
    withStale(async ({ files, sleeper, seen, names }) => {
      const ends = new AbortController();
      const outcomes: Promise<"has it" | "waits for an owner">[] = [];
      /** Starts to take the lock. Resolves when its file was created. */
      const takeAnew = (): Promise<void> =>
        new Promise((created) => {
          const hooked = hookedFiles(files, (operation, at) => {
            if (operation === "status" && at === breaking) created();
            return Promise.resolve();
          });
          outcomes.push(
            new Promise((resolve, reject) => {
              const onWait = ({ owner }: LockStatus): void => {
                if (owner !== null) resolve("waits for an owner");
              };
              takeLock(hooked, path, context, { times, onWait, signal: ends.signal })
                .then(() => resolve("has it"), reject);
            }),
          );
        });
      // The owner of the old lock was slow, and lets go of it between two steps of the one that breaks it.
      sleeper.before = async () => {
        await files.remove(path);
        await takeAnew();
      };
      sleeper.after = takeAnew;
      assertEquals(await breakLock(sleeper, path, seen), false);
      assertEquals((await Promise.all(outcomes)).sort(), ["has it", "waits for an owner"]);
      assertEquals(await names(), [".clean.lock"]);
      ends.abort();
    }));

  test("and was killed keeps others from the lock until its mark is stale, and then no longer", () =>
    inTemporary(async (directory) => {
      const files = new LocalFiles(directory);
      const take = () => takeLock(files, path, context, { timeout: 0, times });
      await files.createExclusive(breaking, new TextEncoder().encode("killed"));
      await assertRejects(take, LockedStateError, "an unknown process");
      assertEquals(await readdir(join(directory, "guest")), [".clean.lock.break"]);
      const old = Date.now() / 1000 - 61;
      await utimes(join(directory, breaking), old, old);
      const held = await take();
      assertEquals(await readdir(join(directory, "guest")), [".clean.lock"]);
      await held.release();
    }));

  test("that wakes leaves the mark of the process that breaks a lock now", () =>
    withStale(async ({ files, sleeper, seen, age, names }) => {
      sleeper.after = async () => {
        await age(breaking);
        assertEquals(await breakLock(files, path, seen), false);
        assert(await files.createExclusive(breaking, new TextEncoder().encode("another process")));
      };
      assertEquals(await breakLock(sleeper, path, seen), true);
      assertEquals(await names(), [".clean.lock.break"]);
    }));

  test("does not take a stale mark away that another process has replaced by its own", () =>
    withStale(async ({ files, sleeper, seen, age, names }) => {
      await files.createExclusive(breaking, new Uint8Array());
      await age(breaking);
      sleeper.before = async () => {
        assertEquals(await breakLock(files, path, seen), false);
        assert(await files.createExclusive(breaking, new TextEncoder().encode("another process")));
      };
      assertEquals(await breakLock(sleeper, path, seen), false);
      assertEquals(await names(), [".clean.lock", ".clean.lock.break"]);
      assertEquals(await readFile(join(files.location, breaking), "utf8"), "another process");
    }));

  test("does not take the lock of an unknown process for one that is about to be written", () =>
    inTemporary(async (directory) => {
      const sleeper = new Sleeping(directory);
      await mkdir(join(directory, "guest"));
      await writeFile(join(directory, path), "");
      const time = Date.now() / 1000 - 61;
      await utimes(join(directory, path), time, time);
      const seen = await lockStatus(sleeper, path);
      assert(seen?.owner === null && seen.isStale);
      // Another process creates its file, and has yet to write into it.
      sleeper.before = async () => {
        assert(await sleeper.remove(path));
        await writeFile(join(directory, path), "");
      };
      assertEquals(await breakLock(sleeper, path, seen), false);
      assertEquals(await readdir(join(directory, "guest")), [".clean.lock"]);
    }));

  test("is one of several that succeeds, whatever the order of their steps", () =>
    withStale(async ({ files, seen, names }) => {
      const outcomes = await Promise.all(Array.from({ length: 8 }, () => breakLock(files, path, seen)));
      assertEquals(outcomes.filter((isBroken) => isBroken).length, 1);
      assertEquals(await names(), []);
    }));
});
