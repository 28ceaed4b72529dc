// The suite of the operations of transfers, their progress, and locks that others hold, for every kind of location.

import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, describe, test } from "node:test";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  breakStateLock,
  type Hosts,
  LockedStateError,
  parseLocation,
  StateError,
  type StateFiles,
  stateLocks,
  TransferOps,
  type TransferProgress,
  TransfersError,
} from "../../src/pools/mod.ts";
import { takeLock } from "../../src/pools/lock.ts";
import { putState } from "./put_state.ts";

/** Defines the suite. `locate` returns the location of a directory. The caller closes the hosts. */
export function transferOpsSuite(name: string, hosts: Hosts, locate: (directory: string) => string): void {
  describe(`the operations of transfers with ${name}`, () => {
    let directory = "";
    let [cache, pool, location] = ["", "", ""];
    let states: StateFiles;
    beforeEach(async () => {
      directory = await mkdtemp(join(tmpdir(), "tsxs-ops-"));
      [cache, pool] = [join(directory, "cache"), join(directory, "pool")];
      location = locate(pool);
      states = hosts.states(parseLocation(location));
    });
    afterEach(() => rm(directory, { recursive: true }));

    const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
    const of = (state: string) => ({ location, object: "guest", state });
    const lock = () => takeLock(states.files, states.lockPath("guest", "a"), { operation: "set", ...of("a") });

    test("list, compare, upload, download and delete states with all that they depend on", async () => {
      const ops = new TransferOps(cache, hosts);
      assertEquals([await ops.list(location, "guest"), await ops.compare(of("b"))], [[], true]);
      await putState(cache, "a", null, { "a.tree": bytes("first") });
      await putState(cache, "b", "a", { "b.tree": bytes("second") });
      assertEquals(await ops.compare(of("b")), false);
      await ops.upload(of("b"));
      assertEquals([await ops.list(location, "guest"), await ops.compare(of("b"))], [["a", "b"], true]);
      await assertRejects(() => ops.delete(of("a")), StateError, 'other states depend on it: "b"');
      await rm(cache, { recursive: true });
      await ops.download(of("b"));
      assertEquals(await readFile(join(cache, "guest/a.tree"), "utf8"), "first");
      await ops.delete(of("b"));
      await ops.delete(of("a"));
      assertEquals(await readdir(join(pool, "guest")), []);
      await assertRejects(() => ops.delete(of("a")), StateError, "it does not exist");
      await assertRejects(() => ops.download(of("none")), StateError, '"none" of "guest"');
    });

    test("upload and download all states, or those that are named", async () => {
      const ops = new TransferOps(cache, hosts);
      const names = Array.from({ length: 20 }, (_, i) => `s${i}`);
      for (const state of names) {
        await putState(cache, state, null, { [`${state}.tree`]: bytes(`content of ${state}`) });
      }
      await putState(cache, "child", "s3", { "child.tree": bytes("of a child") });
      await ops.uploadAll({ location, object: "guest", states: ["child", "s1"] });
      assertEquals(await ops.list(location, "guest"), ["child", "s1", "s3"]);
      await ops.uploadAll({ location, object: "guest" });
      assertEquals(await ops.list(location, "guest"), [...names, "child"].sort());
      await rm(cache, { recursive: true });
      await ops.downloadAll({ location, object: "guest" });
      for (const state of names) {
        assertEquals(await readFile(join(cache, `guest/${state}.tree`), "utf8"), `content of ${state}`);
        assertEquals(await ops.compare(of(state)), true);
      }
      const error = await assertRejects(
        () => ops.downloadAll({ location, object: "guest", states: ["s1", "none"] }),
        TransfersError,
        '1 of 2 states failed: "none"',
      );
      assertEquals([error.operation, error.object], ["download", "guest"]);
      for (const concurrency of [0, 0.5, NaN]) {
        assertThrows(() => new TransferOps(cache, hosts, { concurrency }), RangeError, "concurrency");
      }
    });

    test("upload no state of an object that has none", async () => {
      const ops = new TransferOps(cache, hosts);
      await ops.uploadAll({ location, object: "guest" });
      await ops.downloadAll({ location, object: "guest" });
      assertEquals(await ops.list(location, "guest"), []);
    });

    test("tell how far they are, in bytes of the whole chain", async () => {
      const told: TransferProgress[] = [];
      const ops = new TransferOps(cache, hosts, { onProgress: (progress) => void told.push(progress) });
      await putState(cache, "a", null, { "a.tree": new Uint8Array(3_000_000).fill(1) });
      await putState(cache, "b", "a", { "b.tree": new Uint8Array(1_000_000).fill(2) });
      await ops.upload(of("b"));
      assert(told.length > 3);
      assert(told.every(({ position, total }, i) => total === 4_000_000 && position >= (told[i - 1]?.position ?? 0)));
      assertEquals(told.at(-1), { state: "b", position: 4_000_000, total: 4_000_000 });
    });

    for (const operation of ["upload", "download"] as const) {
      test(`raise progress events of a ${operation} while a lock of the pool is awaited, and go on when it is free`, async () => {
        for (const place of [cache, pool]) await putState(place, "a", null, { "a.tree": bytes(place) });
        const held = await lock();
        await using ops = new TransferOps(cache, hosts);
        const events: unknown[] = [];
        let onEvent = (): void => {};
        const told = new Promise<void>((resolve) => onEvent = resolve);
        using _ = ops.on("progress", (event) => {
          events.push(event);
          onEvent();
        });
        const done = ops[operation](of("a"));
        await told;
        await held.release();
        await done;
        const [first] = events as { operation: string; operationNumber: number; position: number; total: number }[];
        const number = operation === "upload" ? 1101 : 1100;
        assertEquals([first?.operation, first?.operationNumber], [operation, number]);
        assertEquals([first?.position, first?.total], [0, 1]);
        assertEquals(await ops.compare(of("a")), true);
      });
    }

    test("fail with the owner if another process keeps the lock, and the older state stays", async () => {
      await putState(pool, "a", null, { "a.tree": bytes("older") });
      await putState(cache, "a", null, { "a.tree": bytes("newer") });
      const held = await lock();
      const ops = new TransferOps(cache, hosts, {
        lock: { timeout: 0 },
      });
      const error = await assertRejects(() => ops.upload(of("a")), LockedStateError);
      assertEquals([error.lock.owner?.process, error.lock.isStale], [process.pid, false]);
      await assertRejects(() => ops.delete(of("a")), LockedStateError);
      assertEquals(await readFile(join(pool, "guest/a.tree"), "utf8"), "older");
      await held.release();
    });

    test("a lock that is not stale is broken by force alone, and its owner does not change the state then", async () => {
      await putState(cache, "a", null, { "a.tree": bytes("first") });
      assertEquals([await stateLocks(states, "guest"), await breakStateLock(states, of("a"))], [[], false]);
      const held = await lock();
      const [found] = await stateLocks(states, "guest");
      assertEquals([found?.state, found?.owner?.process, found?.isStale], ["a", process.pid, false]);
      const refused = await assertRejects(() => breakStateLock(states, of("a")), LockedStateError, "force breaks it");
      assertEquals(refused.lock.owner?.id, found?.owner?.id);
      assertEquals(await breakStateLock(states, of("a"), { force: true }), true);
      const next = await lock();
      await held.release();
      assertEquals((await stateLocks(states, "guest")).length, 1, "the former owner left the lock of the next one");
      await next.release();
      assertEquals(await stateLocks(states, "guest"), []);
    });

    test("end with the reason of the signal, and leave nothing visible", async () => {
      await putState(cache, "a", null, { "a.tree": new Uint8Array(4_000_000).fill(1) });
      const controller = new AbortController();
      const reason = new Error("the user gave up");
      const ops = new TransferOps(cache, hosts, {
        signal: controller.signal,
        onProgress: () => controller.abort(reason),
      });
      assertEquals(await ops.upload(of("a")).catch((error: unknown) => error), reason);
      assertEquals(await states.states("guest"), []);
      assertEquals(await stateLocks(states, "guest"), []);
    });
  });
}
