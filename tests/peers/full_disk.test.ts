// A kept store on a real full disk: a small tmpfs, which only root can mount.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type Client, connect, ConnectionError } from "../../mod.ts";
import { Daemon, JournalError } from "../../src/daemon/mod.ts";
import { codeOf } from "../../src/wire/system_errors.ts";

const skip = process.platform === "linux" && process.getuid?.() === 0 ? false : "only root can mount a small disk";
const SIZE = 512 * 1024;

/** Calls a function with a daemon whose disk is full, and which has domain 5 with a secret. */
async function withFullDisk(
  run: (daemon: Daemon, store: Client, failure: Promise<Error>, directory: string) => Promise<void>,
): Promise<void> {
  const disk = mkdtempSync(join(tmpdir(), "tsxs-full-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${SIZE}`, "tmpfs", disk]);
  try {
    const directory = join(disk, "store");
    let onFailed: (error: Error) => void = () => {};
    const failure = new Promise<Error>((resolve) => onFailed = resolve);
    await using daemon = await Daemon.open(directory, { onFailed });
    await using store = await connect(daemon.connect());
    daemon.introduceDomain(5);
    await store.write("/local/domain/5", "secret");
    await store.setPerms("/local/domain/5", ["n5"]);
    assertThrows(() => writeFileSync(join(disk, "other"), new Uint8Array(SIZE)), Error, "ENOSPC");
    let error: unknown = null;
    for (let i = 0; error === null; i++) {
      error = await store.write(`/tool/${i}`, new Uint8Array(i < 100 ? 4000 : 0)).then(() => null, (reason) => reason);
    }
    assertEquals(codeOf(error), "EIO");
    // A smaller change may still find space. This fills the disk completely.
    while (await store.write("/tool/x", "").then(() => true, () => false));
    await run(daemon, store, failure, directory);
  } finally {
    execFileSync("umount", ["-l", disk]);
    rmSync(disk, { recursive: true });
  }
}

describe("a kept store whose disk is full", { skip }, () => {
  test("releasing a domain fails on a full disk, and the domain and its nodes stay", () =>
    withFullDisk(async (daemon, store) => {
      assertEquals(codeOf(await assertRejects(() => store.releaseDomain(5))), "EIO");
      const error = assertThrows(() => daemon.releaseDomain(5), JournalError, "cannot keep a change");
      assertEquals([error.fault, error.code], ["failed", "ENOSPC"]);
      assertEquals(await store.isDomainIntroduced(5), true);
      assertEquals(await store.readText("/local/domain/5"), "secret");
      assertEquals((await store.control(["check"])).trim(), "OK");
      await store.close();
      await using again = await connect(daemon.connect({ domid: 5 }));
      assertEquals(await again.readText("/local/domain/5"), "secret");
    }));

  test("setQuota() fails on a full disk, and the quota stays", () =>
    withFullDisk(async (_daemon, store) => {
      for (const domid of [undefined, 5]) {
        assertEquals(codeOf(await assertRejects(() => store.setQuota("nodes", 77, domid))), "EIO");
        assertEquals(await store.getQuota("nodes", domid), 1000);
      }
    }));

  test("importStream() fails on a full disk, and the store stays", () =>
    withFullDisk(async (daemon, store) => {
      const other = new Daemon();
      other.introduceDomain(9);
      await store.close();
      assertThrows(() => daemon.importStream(other.exportStream()), JournalError, "cannot keep a change");
      await using again = await connect(daemon.connect());
      assertEquals(await again.isDomainIntroduced(9), false);
      assertEquals(await again.readText("/local/domain/5"), "secret");
    }));

  test("destroyDomain() on a full disk closes the daemon, and a new domain gets nothing of the former one", () =>
    withFullDisk(async (daemon, store, failure, directory) => {
      daemon.destroyDomain(5);
      await assertRejects(() => store.read("/local/domain/5"), ConnectionError);
      assertThrows(() => daemon.introduceDomain(5), ConnectionError, "the daemon was closed");
      assertEquals(codeOf(await failure), "ENOSPC");
      rmSync(join(directory, "..", "other"));
      await using again = await Daemon.open(directory, { domainExists: (domid) => domid !== 5 });
      await using client = await connect(again.connect());
      assertEquals(await client.list("/local/domain"), []);
    }));
});
