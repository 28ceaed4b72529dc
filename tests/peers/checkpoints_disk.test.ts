// Checkpoints on real disks that are full or read-only: a small tmpfs, which only root can mount.

import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { CheckpointError, CheckpointRepository, CheckpointStorage } from "../../src/checkpoints/mod.ts";

const skip = process.platform === "linux" && process.getuid?.() === 0 ? false : "only root can mount a small disk";
const SIZE = 256 * 1024;
const older = new Uint8Array(3000).fill(1);

/** Runs with a disk of 256 KiB, and a storage on it that has a checkpoint. */
async function withDisk(options: string, run: (storage: CheckpointStorage, disk: string) => Promise<void>) {
  const disk = mkdtempSync(join(tmpdir(), "tsxs-disk-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${SIZE},mode=700${options}`, "tmpfs", disk]);
  try {
    const storage = await CheckpointStorage.create(disk);
    await storage.save(older);
    await run(storage, disk);
  } finally {
    execFileSync("umount", ["-l", disk]);
    rmSync(disk, { recursive: true });
  }
}

async function assertFails(run: () => Promise<unknown>, code: string, what: string): Promise<void> {
  const error = await assertRejects(run, CheckpointError, what);
  assertEquals([error.fault, error.code], ["failed", code]);
}

describe("a checkpoint on a full disk", { skip }, () => {
  test("a save that the disk has no room for rejects with ENOSPC, and keeps the older checkpoint", () =>
    withDisk("", async (storage) => {
      // The last content has room, but not with the lines before and after it.
      for (const size of [SIZE * 4, SIZE, 258_000, 257_950]) {
        await assertFails(() => storage.save(new Uint8Array(size)), "ENOSPC", `cannot save "${storage.file}": `);
        assertEquals(await storage.load(), older);
        assertEquals(readdirSync(storage.location), ["checkpoint.tsxs"]);
      }
      await storage.save(new Uint8Array(200_000));
      assertEquals((await storage.load())?.length, 200_000);
    }));

  test("a save on a disk without any free block rejects with ENOSPC, and succeeds after there is room", () =>
    withDisk("", async (storage, disk) => {
      const filler = join(disk, "filler");
      try {
        writeFileSync(filler, new Uint8Array(SIZE));
      } catch { /* The disk is full now. */ }
      assert(existsSync(filler));
      await assertFails(() => storage.save(new Uint8Array(1)), "ENOSPC", "cannot save");
      assertEquals(await storage.load(), older);
      rmSync(filler);
      await storage.save(new Uint8Array(1));
      assertEquals(await storage.load(), new Uint8Array(1));
    }));

  test("create() on a disk without a free inode rejects with ENOSPC, and leaves nothing", () =>
    withDisk(",nr_inodes=4", async (storage, disk) => {
      writeFileSync(join(disk, "last inode"), "");
      await assertFails(() => CheckpointStorage.create(disk), "ENOSPC", `cannot create a checkpoint in "${disk}": `);
      await assertFails(() => storage.save(older), "ENOSPC", "cannot save");
      const storages = await new CheckpointRepository(disk).storages();
      assertEquals(storages.map(({ location }) => location), [storage.location]);
      assertEquals(await storage.load(), older);
    }));
});

describe("a checkpoint on a read-only disk", { skip }, () => {
  test("every change rejects with EROFS, and the checkpoint loads", () =>
    withDisk("", async (storage, disk) => {
      writeFileSync(`${storage.file}.next`, "");
      execFileSync("mount", ["-o", "remount,ro", disk]);
      await assertFails(() => storage.breakLock({ force: true }), "EROFS", "cannot break the lock of");
      await assertFails(() => storage.remove(), "EROFS", `cannot remove "${storage.location}": `);
      await assertFails(() => CheckpointStorage.create(disk), "EROFS", "cannot create a checkpoint in");
      assertEquals(await storage.load(), older);
      execFileSync("mount", ["-o", "remount,rw", disk]);
      assert(await storage.breakLock({ force: true }));
      execFileSync("mount", ["-o", "remount,ro", disk]);
      await assertFails(() => storage.save(new Uint8Array(1)), "EROFS", "cannot save");
      assertEquals(await storage.load(), older);
    }));
});
