// Pools on a file system that is really mounted read-only, as a directory and over SFTP: what reads works, without locks.

import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, afterEach, beforeEach, describe, test } from "node:test";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Daemon } from "../../src/daemon/mod.ts";
import { LocalFiles } from "../../src/pools/files_local.ts";
import { takeLock } from "../../src/pools/lock.ts";
import {
  Hosts,
  IntegrityError,
  LockedStateError,
  parseLocation,
  StateFiles,
  stateLocks,
  TransferOps,
} from "../../src/pools/mod.ts";
import { transferChain } from "../../src/pools/transfer.ts";
import { codeOf } from "../../src/wire/system_errors.ts";
import { hookedFiles } from "../pools/hooked_files.ts";
import { putState } from "../pools/put_state.ts";
import { run } from "../support/invocation.ts";

const hosts = new Hosts({ command: () => ["/usr/lib/openssh/sftp-server"] });
after(() => hosts.close());
const HOUR = 3600;

/** The kinds of locations, by how a directory is named, and the code of a write. */
const kinds: readonly (readonly [string, (directory: string) => string, code: string])[] = [
  ["a directory", (directory) => directory, "EROFS"],
  // SFTP has no code for that.
  ["a host over SFTP", (directory) => `ssh://other${directory}`, "EIO"],
];

for (const [name, locate, code] of kinds) {
  describe(`a pool that is mounted read-only: ${name}`, () => {
    let directory = "";
    let [writable, pool, cache] = ["", "", ""];
    beforeEach(async () => {
      directory = await mkdtemp(join(tmpdir(), "tsxs-read-only-"));
      [writable, pool, cache] = [join(directory, "writable"), join(directory, "pool"), join(directory, "cache")];
      for (const path of [writable, pool]) await mkdir(path);
      await put(1);
      execFileSync("mount", ["--bind", writable, pool]);
      execFileSync("mount", ["-o", "remount,ro,bind", pool]);
    });
    afterEach(async () => {
      execFileSync("umount", ["-l", pool]);
      await rm(directory, { recursive: true });
    });

    const filled = (byte: number): Uint8Array => new Uint8Array(3000).fill(byte);
    const put = (byte: number) =>
      putState(writable, "clean", null, { "clean.one": filled(byte), "clean.two": filled(byte) });
    const of = () => ({ location: locate(pool), object: "guest", state: "clean" });
    const states = (): StateFiles => hosts.states(parseLocation(locate(pool)));
    const context = { operation: "download", object: "guest", state: "clean" };
    /** Takes the lock of the state, as a host does that may write. */
    const lock = () => takeLock(new LocalFiles(writable), "guest/.clean.lock", { ...context, operation: "set" });
    const arrived = async (): Promise<number[]> => [
      ...new Set([
        ...await readFile(join(cache, "guest/clean.one")),
        ...await readFile(join(cache, "guest/clean.two")),
      ]),
    ];

    test("gives its states, and takes none", async () => {
      await using ops = new TransferOps(cache, hosts);
      assertEquals(await ops.list(locate(pool), "guest"), ["clean"]);
      await ops.download(of());
      assertEquals([await arrived(), await ops.compare(of())], [[1], true]);
      await putState(cache, "next", null, { "next.one": filled(3) });
      for (const run of [() => ops.upload({ ...of(), state: "next" }), () => ops.delete(of())]) {
        assertEquals(codeOf(await assertRejects(run, Error)), code);
      }
      assertEquals((await readdir(join(writable, "guest"))).sort(), ["clean.one", "clean.state", "clean.two"]);
    });

    test("makes a reader wait for the lock of a host that may write, unless the lock is stale", async () => {
      const held = await lock();
      const ops = new TransferOps(cache, hosts, { lock: { timeout: 0 } });
      const error = await assertRejects(() => ops.download(of()), LockedStateError);
      assertEquals([error.lock.owner?.process, error.lock.isStale], [process.pid, false]);
      await ops.download({ ...of(), skipLocks: true });
      await rm(cache, { recursive: true });
      const old = Date.now() / 1000 - HOUR;
      await utimes(join(writable, "guest/.clean.lock"), old, old);
      await ops.download(of());
      assertEquals(await arrived(), [1]);
      await held.release();
    });

    test("gives the new content of a state that another host replaces while it is read", async () => {
      const left = [() => put(2), () => put(4)];
      const files = hookedFiles(states().files, async (operation, path) => {
        if (`${operation} ${path}` === "read guest/clean.two") await left.shift()?.();
      });
      const own = StateFiles.local(cache);
      await transferChain(new StateFiles(files), own, context);
      assertEquals(await arrived(), [4]);
      await writeFile(join(writable, "guest/clean.two"), filled(9));
      await rm(cache, { recursive: true });
      await assertRejects(() => transferChain(states(), own, context), IntegrityError, "clean.two");
    });

    test("tells who holds its locks, by the clock of this host", async () => {
      const held = await lock();
      const [found, ...others] = await stateLocks(states(), "guest");
      assertEquals([found?.owner?.process, found?.isStale, others], [process.pid, false, []]);
      const old = Date.now() / 1000 - HOUR;
      await utimes(join(writable, "guest/.clean.lock"), old, old);
      const [stale] = await stateLocks(states(), "guest");
      assert(stale?.isStale && stale.age >= HOUR * 1000 && stale.age < HOUR * 2000, `${stale?.age}`);
      await held.release();
      assertEquals(await stateLocks(states(), "guest"), []);
    });
  });
}

describe("the command on a pool that is mounted read-only", () => {
  test("lists its locks and states, gets them, and says that it cannot break a lock or set a state there", async () => {
    const directory = await mkdtemp(join(tmpdir(), "tsxs-read-only-"));
    const [writable, pool] = [join(directory, "writable"), join(directory, "pool")];
    for (const path of [writable, pool]) await mkdir(path);
    await using daemon = new Daemon();
    const act = (words: string) => {
      const [action = "", ...args] = words.split(" ");
      const place = ["--directory", join(directory, "here")];
      return run(() => daemon.connect(), ["tsxs", "pool", action, ...place, ...args]);
    };
    await run(() => daemon.connect(), ["tsxs", "write", "/guest/name", "web"]);
    assertEquals((await act(`set --subtree /guest --pool ${writable} web clean`)).ending, 0);
    execFileSync("mount", ["--bind", writable, pool]);
    try {
      execFileSync("mount", ["-o", "remount,ro,bind", pool]);
      const context = { operation: "set", object: "web", state: "clean" };
      const held = await takeLock(new LocalFiles(writable), "web/.clean.lock", context);
      const listed = await act(`locks --json --scope shared --pool ${pool} web`);
      const { state, owner, isStale } = JSON.parse(listed.stdout);
      assertEquals([listed.ending, state, owner.process, isStale], [0, "clean", process.pid, false]);
      const there = `--directory ${join(directory, "there")} --subtree /guest --pool ${pool} web clean`;
      assertEquals((await act(`get --lock-timeout 0 ${there}`)).ending, 2);
      assertEquals(await act(`get --lock-timeout 0 --skip-locks ${there}`), { ending: 0, stdout: "", stderr: "" });
      for (const words of ["break-lock --force", "unset"]) {
        const { ending, stderr } = await act(`${words} --scope shared --pool ${pool} web clean`);
        assertEquals(ending, 2, words);
        assertStringIncludes(stderr, "EROFS", words);
        await held.release();
      }
      assertEquals(await act(`show --json --scope shared --pool ${pool} web`).then(({ ending }) => ending), 0);
      const set = await act(`set --subtree /guest --pool ${pool} web next`);
      assertEquals(set.ending, 2);
      assertStringIncludes(set.stderr, "EROFS");
      assertEquals((await readdir(join(writable, "web"))).sort(), ["clean.state", "clean.tree"]);
    } finally {
      execFileSync("umount", ["-l", pool]);
      await rm(directory, { recursive: true });
    }
  });
});
