// A lock that a process holds: when it counts as lost, and what its owner and its release do then.

import { mkdtemp, readdir, rm, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { StateError } from "../../src/pools/errors.ts";
import type { PartFile } from "../../src/pools/files.ts";
import { LocalFiles } from "../../src/pools/files_local.ts";
import type { HeldLock } from "../../src/pools/held_lock.ts";
import { takeLock } from "../../src/pools/lock.ts";
import { breakLock } from "../../src/pools/lock_break.ts";
import { lockStatus } from "../../src/pools/lock_status.ts";

const context = { operation: "set", object: "guest", state: "clean" };
const path = "guest/.clean.lock";
/** Times by which a test does not wait. */
const times = { heartbeat: 3_600_000, stale: 60_000, poll: 1 };
/** The clocks of a host: one stands still while the host sleeps. */
const clocks: readonly (readonly [name: string, clock: { now(): number }])[] = [
  ["the clock of the day", Date],
  ["the steady clock", performance],
];

describe("a lock that a process holds", () => {
  let directory = "";
  let files: LocalFiles;
  const restores: (() => void)[] = [];
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "tsxs-pools-"));
    files = new LocalFiles(directory);
  });
  afterEach(async () => {
    for (const restore of restores.splice(0)) restore();
    await rm(directory, { recursive: true });
  });

  const take = (): Promise<HeldLock> => takeLock(files, path, context, { timeout: 0, times });
  const names = () => readdir(join(directory, "guest"));
  /** Lets a clock of this process go on, as if the process had been suspended. */
  const pass = (clock: { now(): number }, milliseconds: number): void => {
    const now = clock.now;
    clock.now = () => now.call(clock) + milliseconds;
    restores.push(() => {
      clock.now = now;
    });
  };
  const breakIt = async (): Promise<void> => {
    const status = await lockStatus(files, path);
    assert(status !== null && await breakLock(files, path, status));
  };

  for (const [name, clock] of clocks) {
    test(`is lost after its owner was suspended for longer than it counts, by ${name}`, async () => {
      const held = await take();
      pass(clock, 59_000);
      assert(held.isHeld());
      held.check();
      await held.confirm(files);
      pass(clock, 1000);
      assert(!held.lost.aborted);
      assertThrows(() => held.check(), StateError, 'set "clean" of "guest": the lock was not renewed for 60 s');
      assert(held.lost.aborted && !held.isHeld());
      await assertRejects(() => held.confirm(files), StateError, "was not renewed");
      await held.release();
      assertEquals(await names(), []);
    });
  }

  test("is lost if it was broken, also if its owner has seen nothing of that", async () => {
    const held = await take();
    await breakIt();
    assert(held.isHeld());
    await assertRejects(() => held.confirm(files), StateError, "another process has broken the lock");
    assert(held.lost.aborted && !held.isHeld());
    await held.release();
    assertEquals(await names(), []);
  });

  test("that another process has broken and taken is left to it by the release", async () => {
    const held = await take();
    await utimes(join(directory, path), 1, 1);
    const next = await take();
    await held.release();
    await next.confirm(files);
    await next.release();
    assertEquals(await names(), []);
  });

  test("that its owner renews too late is lost", async () => {
    class Slow extends LocalFiles {
      override async openPart(at: string): Promise<PartFile> {
        pass(performance, 60_000);
        return await super.openPart(at);
      }
    }
    const held = await takeLock(new Slow(directory), path, context, { timeout: 0, times: { ...times, heartbeat: 1 } });
    while (!held.lost.aborted) await names();
    assertThrows(() => held.check(), StateError, "was not renewed for 60 s");
    await held.release();
    assertEquals(await names(), []);
  });

  test("that its owner renews in time counts from the start of the renewal", async () => {
    let renewals = 0;
    class Slow extends LocalFiles {
      override async openPart(at: string): Promise<PartFile> {
        pass(performance, renewals++ === 0 ? 50_000 : 0);
        return await super.openPart(at);
      }
    }
    const held = await takeLock(new Slow(directory), path, context, { timeout: 0, times: { ...times, heartbeat: 1 } });
    while (renewals < 3) await names();
    assert(held.isHeld());
    await held.release();
    assertEquals(await names(), []);
  });
});
