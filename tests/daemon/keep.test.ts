// A daemon's store that is kept in a directory, and a store that moves to another daemon.

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { connect, ConnectionError, DOMID_ANY } from "../../mod.ts";
import { Daemon, JournalError, type KeepOptions, MigrationError } from "../../src/daemon/mod.ts";

/** Calls a function with a new directory, which is removed afterwards. */
async function withDirectory(use: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "tsxs-keep-"));
  try {
    await use(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe("a daemon whose store is kept", () => {
  test("a reopened store has its nodes, their order, permissions, quotas and a guest's node count", () =>
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

  test("changes by methods of the daemon are kept like changes by requests", () =>
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

  test("a reopened store removes the nodes of domains that no longer exist, and keeps the others", () =>
    withDirectory(async (directory) => {
      const alive = new Set([7, 8]);
      const domainExists = (domid: number) => alive.has(domid);
      {
        await using daemon = await Daemon.open(directory, { domainExists });
        await using store = await connect(daemon.connect());
        for (const domid of alive) {
          daemon.introduceDomain(domid);
          await store.write(`/local/domain/${domid}`, "secret");
          await store.setPerms(`/local/domain/${domid}`, [`n${domid}`]);
        }
      }
      alive.delete(7);
      await using daemon = await Daemon.open(directory, { domainExists });
      await using store = await connect(daemon.connect());
      assertEquals(await store.list("/local/domain"), ["8"]);
      await store.setPerms("/tool", ["n0", "r8", `r${DOMID_ANY}`]);
      // Domain 8 was destroyed. It exists no longer, and was not introduced again.
      alive.delete(8);
      daemon.destroyDomain(8);
      assertEquals(await store.list("/local/domain"), []);
      daemon.destroyDomain(DOMID_ANY);
      assertEquals((await store.getPerms("/tool")).map(({ domid }) => domid), [0, DOMID_ANY]);
      assertEquals((await store.control(["check"])).trim(), "OK");
    }));

  test("Daemon.open() rejects invalid options, and creates no directory", () =>
    withDirectory(async (parent) => {
      const directory = join(parent, "store");
      const wrong: [options: unknown, error: typeof RangeError | typeof TypeError, message: string][] = [
        [{ sync: "allways" }, RangeError, 'sync is "allways": expected "always", "interval" or "never"'],
        [{ sync: null }, RangeError, "sync is null"],
        [{ interval: -5 }, RangeError, "interval is -5: expected a number from 0 to 2147483647"],
        [{ interval: NaN }, RangeError, "interval is NaN"],
        [{ interval: Infinity }, RangeError, "interval is Infinity"],
        [{ interval: "5" }, TypeError, 'interval is "5"'],
        [{ onFailed: true }, TypeError, "onFailed is true: expected a function"],
        [{ unsentMs: -1 }, RangeError, "unsentMs is -1"],
        [{ quotas: { nodes: -1 } }, RangeError, 'quota "nodes"'],
        [{ faults: { seed: 0.5 } }, RangeError, "seed is 0.5"],
      ];
      for (const [options, kind, message] of wrong) {
        await assertRejects(() => Daemon.open(directory, options as KeepOptions), kind, message);
      }
      assertEquals(existsSync(directory), false);
    }));

  test("a closed daemon rejects every change with a ConnectionError", () =>
    withDirectory(async (directory) => {
      const failures: Error[] = [];
      const daemon = await Daemon.open(directory, { onFailed: (error) => failures.push(error) });
      daemon.introduceDomain(5);
      const stream = daemon.exportStream();
      await daemon.close();
      assertThrows(
        () => daemon.introduceDomain(6),
        ConnectionError,
        "cannot introduce a domain: the daemon was closed",
      );
      assertThrows(() => daemon.releaseDomain(5), ConnectionError, "cannot release a domain: the daemon was closed");
      assertThrows(() => daemon.shutdownDomain(5), ConnectionError, "cannot shut down a domain");
      assertThrows(() => daemon.destroyDomain(5), ConnectionError, "cannot destroy a domain");
      assertThrows(() => daemon.importStream(stream), ConnectionError, "cannot import a stream");
      assertEquals(failures, []);
    }));

  test("close() unlocks the directory even if onIdle throws, and rejects with that error", () =>
    withDirectory(async (directory) => {
      const daemon = await Daemon.open(directory, {
        onIdle: () => {
          throw new Error("there is more to do");
        },
      });
      const line = daemon.connect();
      line.start({ receive: () => {}, ended: () => {} });
      await assertRejects(() => daemon.close(), Error, "there is more to do");
      await assertRejects(() => daemon.close(), Error, "there is more to do");
      await using _again = await Daemon.open(directory);
    }));

  test("a second Daemon.open() of the same directory rejects with EBUSY", () =>
    withDirectory(async (directory) => {
      await using _daemon = await Daemon.open(directory);
      const error = await assertRejects(() => Daemon.open(directory), JournalError);
      assertEquals([error.fault, error.code], ["in-use", "EBUSY"]);
    }));
});

describe("a store that moves to another daemon", () => {
  test("exportStream() and importStream() move nodes, domains and quotas, in both versions", async () => {
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

  test("importStream() throws if a client is connected or the stream is incomplete", async () => {
    await using daemon = new Daemon();
    const stream = daemon.exportStream();
    assertThrows(() => daemon.importStream(stream.subarray(0, stream.length - 8)), MigrationError);
    await using store = await connect(daemon.connect());
    assertThrows(() => daemon.importStream(stream), RangeError);
    assertEquals(await store.list("/tool"), ["xenstored"]);
  });
});
