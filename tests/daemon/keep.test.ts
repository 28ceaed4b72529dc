// A daemon's store that is kept in a directory, and one that is handed to another daemon.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { connect } from "../../mod.ts";
import { Daemon, JournalError, MigrationError } from "../../src/daemon/mod.ts";

/** Calls with a new directory, which is removed afterwards. */
async function withDirectory(use: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "tsxs-keep-"));
  try {
    await use(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe("a daemon whose store is kept", () => {
  test("has nodes, their order, permissions and quotas again, and what a guest owns counts for it", () =>
    withDirectory(async (directory) => {
      {
        await using daemon = await Daemon.open(directory, { quotas: { nodes: 7 } });
        await using store = await connect(daemon.connect());
        for (const name of ["b", "a", "c"]) await store.write(`/tool/kept/${name}`, name);
        await store.delete("/tool/kept/a");
        await store.write("/tool/kept/a", new Uint8Array([0, 255]));
        await store.setPerms("/tool/kept/a", ["n0", "r5"]);
        await store.transact(async (transaction) => {
          await transaction.mkdir("/local/domain/5/data");
          await transaction.setPerms("/local/domain/5/data", ["n5"]);
        });
        await store.setQuota("watches", 3);
        const open = await store.transaction();
        await open.write("/tool/kept/never", "");
      }
      await using daemon = await Daemon.open(directory, { quotas: { nodes: 7 } });
      await using store = await connect(daemon.connect());
      assertEquals(await store.list("/tool/kept"), ["b", "c", "a"]);
      assertEquals(await store.read("/tool/kept/a"), new Uint8Array([0, 255]));
      assertEquals((await store.getPerms("/tool/kept/a")).map(({ domid, read }) => [domid, read]), [[0, false], [
        5,
        true,
      ]]);
      assertEquals(await store.getQuota("watches"), 3);
      assertEquals(await store.isDomainIntroduced(5), false);
      await store.introduceDomain(5, 1, 1);
      await using guest = await connect(daemon.connect({ domid: 5 }));
      for (let i = 1; i < 7; i++) await guest.mkdir(`data/${i}`);
      const error = await assertRejects(() => guest.mkdir("data/7"));
      assertEquals((error as { code?: string }).code, "ENOSPC");
      assertEquals((await store.control(["check"])).trim(), "OK");
    }));

  test("keeps what its own methods change, not only what requests do", () =>
    withDirectory(async (directory) => {
      {
        await using daemon = await Daemon.open(directory);
        await using store = await connect(daemon.connect());
        await store.mkdir("/local/domain/5");
        await store.setPerms("/local/domain/5", ["n5"]);
        daemon.introduceDomain(5);
        daemon.destroyDomain(5);
      }
      await using daemon = await Daemon.open(directory);
      await using store = await connect(daemon.connect());
      assertEquals(await store.list("/local/domain"), []);
    }));

  test("is nobody else's at the same time", () =>
    withDirectory(async (directory) => {
      await using _daemon = await Daemon.open(directory);
      const error = await assertRejects(() => Daemon.open(directory), JournalError);
      assertEquals([error.fault, error.code], ["in-use", "EBUSY"]);
    }));
});

describe("a store that is handed on", () => {
  test("has nodes, domains and quotas, in either version of the stream", async () => {
    for (const version of [1, 2] as const) {
      await using old = new Daemon();
      await using store = await connect(old.connect());
      await store.write("/tool/b", "1");
      await store.write("/tool/a", "2");
      await store.introduceDomain(5, 1, 1);
      await store.setQuota("nodes", 9, 5);

      await using fresh = new Daemon();
      fresh.importStream(old.exportStream(version));
      await using moved = await connect(fresh.connect());
      assertEquals(await moved.list("/tool"), ["xenstored", "b", "a"]);
      assertEquals(await moved.isDomainIntroduced(5), true);
      assertEquals(await moved.getQuota("nodes", 5), 9);
      assertEquals((await moved.control(["check"])).trim(), "OK");
    }
  });

  test("is taken by a daemon alone to which nobody is connected, and only whole", async () => {
    await using daemon = new Daemon();
    const stream = daemon.exportStream();
    assertThrows(() => daemon.importStream(stream.subarray(0, stream.length - 8)), MigrationError);
    await using store = await connect(daemon.connect());
    assertThrows(() => daemon.importStream(stream), RangeError);
    assertEquals(await store.list("/tool"), ["xenstored"]);
  });
});
