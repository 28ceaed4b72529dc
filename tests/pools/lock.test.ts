// The locks of states: their owners, their waits, their age, and how they are broken.

import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, describe, test } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { PartFile } from "../../src/pools/files.ts";
import { LocalFiles } from "../../src/pools/files_local.ts";
import { codedError } from "../../src/wire/system_errors.ts";
import { LockedStateError, takeLock } from "../../src/pools/lock.ts";
import { breakLock } from "../../src/pools/lock_break.ts";
import { type LockStatus, lockStatus } from "../../src/pools/lock_status.ts";

const context = { operation: "set", object: "guest", state: "clean" };
const path = "guest/.clean.lock";
/** Times by which a test does not wait. */
const times = { heartbeat: 3_600_000, stale: 60_000, poll: 1 };

describe("the lock of a state", () => {
  let directory = "";
  let files: LocalFiles;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "tsxs-pools-"));
    files = new LocalFiles(directory);
  });
  afterEach(() => rm(directory, { recursive: true }));

  const take = (timeout = 0) => takeLock(files, path, context, { timeout, times });
  const names = () => readdir(join(directory, "guest"));
  const age = async (milliseconds: number): Promise<void> => {
    const time = (await stat(join(directory, path))).mtimeMs / 1000 - milliseconds / 1000;
    await utimes(join(directory, path), time, time);
  };
  /** Takes the lock by many concurrently. Fails if two own it at the same time, or if a file is left. */
  const takeInTurn = async (count: number): Promise<void> => {
    let owners = 0;
    const run = async (): Promise<void> => {
      const held = await take(60_000);
      assertEquals(++owners, 1);
      await names();
      owners--;
      await held.release();
    };
    await Promise.all(Array.from({ length: count }, run));
    assertEquals(await names(), []);
  };

  test("names its owner, and is gone after its release", async () => {
    const held = await take();
    const status = await lockStatus(files, path);
    assertEquals([status?.owner?.host, status?.owner?.process, status?.isStale], [hostname(), process.pid, false]);
    assert((status?.age ?? -1) >= 0);
    await held.release();
    await held.release();
    assertEquals(await lockStatus(files, path), null);
    assertEquals(await names(), []);
  });

  test("is refused to a second owner after the timeout, with the first one in the error", async () => {
    const held = await take();
    const error = await assertRejects(() => take(20), LockedStateError);
    assert(error.message.startsWith(`set "clean" of "guest": process ${process.pid} of "${hostname()}", since `));
    assertEquals(error.lock.owner?.process, process.pid);
    assert(!held.lost.aborted);
    await held.release();
  });

  test("has one owner at a time if many take it", async () => {
    await takeInTurn(20);
  });

  test("names the owner to a waiting process, whose signal ends the wait", async () => {
    const held = await take();
    const ends = new AbortController();
    const seen: LockStatus[] = [];
    const run = () =>
      takeLock(files, path, context, {
        times,
        signal: ends.signal,
        onWait: (lock) => {
          seen.push(lock);
          if (seen.length === 3) ends.abort(new Error("enough"));
        },
      });
    await assertRejects(run, Error, "enough");
    assertEquals(seen.map(({ owner }) => owner?.process), [process.pid, process.pid, process.pid]);
    await held.release();
    assertEquals(await names(), []);
  });

  test("that was not renewed for a minute goes to the next one, and its owner is told", async () => {
    const lost = await takeLock(files, path, context, { times: { ...times, heartbeat: 5 } });
    const status = await lockStatus(files, path);
    assert(status !== null && await breakLock(files, path, status));
    const next = await take();
    while (!lost.lost.aborted) await names();
    assert(`${lost.lost.reason}`.includes("another process has broken the lock"));
    await lost.release();
    assert((await lockStatus(files, path))?.owner, "the release left the lock of the next one");
    await next.release();
  });

  test("is stale after a minute by the clock of the location, whatever the clock of its owner says", async () => {
    await take();
    const content = await readFile(join(directory, path), "utf8");
    // The owner's clock is an hour ahead, and its process was killed.
    const ahead = new Date(Date.now() + 3_600_000).toISOString();
    await writeFile(join(directory, path), content.replace(/"since":"[^"]*"/, `"since":"${ahead}"`));
    await age(59_000);
    assertEquals((await lockStatus(files, path))?.isStale, false);
    await age(2_000);
    assertEquals((await lockStatus(files, path))?.isStale, true);
    const next = await take();
    assertEquals((await lockStatus(files, path))?.isStale, false);
    await next.release();
    assertEquals(await names(), []);
  });

  test("whose file was cut counts as held by an unknown process, until it is stale", async () => {
    await files.createExclusive(path, new Uint8Array());
    const error = await assertRejects(() => take(), LockedStateError, "an unknown process");
    assertEquals(error.lock.owner, null);
    await age(61_000);
    await (await take()).release();
  });

  test("whose file cannot be written, because the location is full, is not left", async () => {
    class Full extends LocalFiles {
      override async createPart(at: string): Promise<PartFile | null> {
        const part = await super.createPart(at);
        const write = () => Promise.reject(codedError("ENOSPC", "no space left on device"));
        return part === null ? null : { ...part, write };
      }
    }
    await assertRejects(() => takeLock(new Full(directory), path, context, { times }), Error, "no space left");
    assertEquals(await names(), []);
  });

  test("whose file is long, or says what no owner writes, counts as held by an unknown process", async () => {
    const owner = { host: "h", process: 1, since: "2026-11-27T01:45:00.123Z", id: "0".repeat(32) };
    const texts = [
      JSON.stringify({ ...owner, host: "h".repeat(5000) }),
      JSON.stringify({ ...owner, since: "\x1b[2J" }),
      JSON.stringify({ ...owner, id: "../../x" }),
      "null",
    ];
    for (const text of texts) {
      await files.createExclusive(path, new TextEncoder().encode(text));
      assertEquals((await lockStatus(files, path))?.owner, null, text.slice(0, 200));
      await files.remove(path);
    }
    await files.createExclusive(path, new TextEncoder().encode(JSON.stringify(owner)));
    assertEquals((await lockStatus(files, path))?.owner, owner);
  });

  test("is not broken if another process took it after it was seen", async () => {
    await take();
    await age(61_000);
    const seen = await lockStatus(files, path);
    assert(seen?.isStale);
    await rm(join(directory, path));
    const next = await take();
    assertEquals(await breakLock(files, path, seen), false);
    assertEquals(await names(), [".clean.lock"]);
    await next.release();
    assertEquals(await breakLock(files, path, seen), false);
    assertEquals(await names(), []);
  });

  test("stays fresh while its owner works, and no file of it is left", async () => {
    const held = await takeLock(files, path, context, { times: { ...times, heartbeat: 5 } });
    await age(61_000);
    while ((await lockStatus(files, path))?.isStale) await names();
    assertEquals(held.lost.aborted, false);
    await held.release();
    assertEquals(await names(), []);
  });

  test("is broken although the process that broke it before was killed", async () => {
    await take();
    await age(61_000);
    await files.createExclusive(`${path}.break`, new Uint8Array());
    await assertRejects(() => take(5), LockedStateError);
    const old = Date.now() / 1000 - 61;
    await utimes(join(directory, `${path}.break`), old, old);
    await (await take(60_000)).release();
    assertEquals(await names(), []);
  });

  test("is broken by one of many, and then goes to one of them after another", async () => {
    await take();
    await age(61_000);
    await takeInTurn(10);
  });

  const refusals: readonly (readonly [string, Error])[] = [
    ["that is read-only", codedError("EROFS", "read-only file system")],
    // As Deno says it, without a code.
    ["to which the process may not write", Object.assign(new Error("requires write access"), { name: "NotCapable" })],
  ];
  for (const [where, error] of refusals) {
    test(`is seen in a location ${where}, by the clock of this host`, async () => {
      await take();
      class ReadOnly extends LocalFiles {
        override createExclusive(): Promise<boolean> {
          return Promise.reject(error);
        }
      }
      const status = await lockStatus(new ReadOnly(directory), path);
      assertEquals([status?.owner?.process, status?.isStale], [process.pid, false]);
      await age(120_000);
      assertEquals((await lockStatus(new ReadOnly(directory), path))?.isStale, true);
      assertEquals(await names(), [".clean.lock"]);
    });
  }
});
