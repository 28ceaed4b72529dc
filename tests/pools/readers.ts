// The suite of readers beside processes that change what they read, for every kind of location that is read.

import { mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, describe, test } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { IntegrityError, partPath } from "../../src/pools/copy.ts";
import { StateError } from "../../src/pools/errors.ts";
import type { PoolFiles } from "../../src/pools/files.ts";
import { LockedStateError, type LockOptions, takeLock } from "../../src/pools/lock.ts";
import { PoolStates } from "../../src/pools/pool_states.ts";
import { StateFiles } from "../../src/pools/state_files.ts";
import { transferChain, type TransferOptions, verifyState } from "../../src/pools/transfer.ts";
import { transferAll } from "../../src/pools/transfer_all.ts";
import { codedError } from "../../src/wire/system_errors.ts";
import { hookedFiles } from "./hooked_files.ts";
import { putState } from "./put_state.ts";

const object = "guest";
const context = (state: string, operation = "download") => ({ operation, object, state });
const LOCK = "guest/.clean.lock";
/** Locks by which a test does not wait. */
const quick: LockOptions = { times: { heartbeat: 3_600_000, stale: 60_000, poll: 1 } };

/** Defines the suite. `open` returns the files of a directory as the kind of location sees them. */
export function readersSuite(name: string, open: (directory: string) => PoolFiles): void {
  describe(`a reader of ${name}`, () => {
    let directory = "";
    let [pool, cache] = ["", ""];
    beforeEach(async () => {
      directory = await mkdtemp(join(tmpdir(), "tsxs-readers-"));
      [pool, cache] = [join(directory, "pool"), join(directory, "cache")];
    });
    afterEach(() => rm(directory, { recursive: true }));

    const filled = (byte: number, size = 3000): Uint8Array => new Uint8Array(size).fill(byte);
    const put = (byte: number, size?: number) =>
      putState(pool, "clean", null, { "clean.one": filled(byte, size), "clean.two": filled(byte, size) });
    /** The pool. A function is called before an operation on a file, as often as it has turns. */
    const poolWith = (on: string, ...turns: readonly (() => Promise<unknown>)[]): StateFiles => {
      const left = [...turns];
      return new StateFiles(
        hookedFiles(open(pool), async (operation, path) => {
          if (`${operation} ${path}` === on) await left.shift()?.();
        }),
      );
    };
    const download = (source: StateFiles, options: TransferOptions = {}, state = "clean") =>
      transferChain(source, StateFiles.local(cache), context(state), { lock: quick, ...options });
    const lockPool = () => takeLock(open(pool), LOCK, context("clean", "set"));
    const arrived = async (): Promise<readonly number[]> => [
      ...new Set([
        ...await readFile(join(cache, "guest/clean.one")),
        ...await readFile(join(cache, "guest/clean.two")),
      ]),
    ];

    test("waits until no process holds the lock of the state, says so, and brings what is there then", async () => {
      await put(1);
      const held = await lockPool();
      const waits: (number | undefined)[] = [];
      await download(new StateFiles(open(pool)), {
        lock: {
          ...quick,
          onWait: ({ owner }) => {
            if (waits.push(owner?.process) === 1) void put(2).then(() => held.release());
          },
        },
      });
      assertEquals(waits[0], process.pid);
      assertEquals(await arrived(), [2]);
    });

    test("fails with the owner after the timeout, and waits for no lock with skipLocks", async () => {
      await put(1);
      const held = await lockPool();
      const lock = { ...quick, timeout: 0 };
      const source = new StateFiles(open(pool));
      const error = await assertRejects(() => download(source, { lock }), LockedStateError);
      assertEquals([error.operation, error.state, error.lock.owner?.process], ["download", "clean", process.pid]);
      const states = new PoolStates({ own: StateFiles.local(cache), pool: source, lock });
      const request = { object, state: "clean", scopes: ["own"] as const };
      await assertRejects(() => states.get({ ...request, skipLocks: false }), LockedStateError);
      assertEquals(await readdir(directory), ["pool"], "nothing was stored");
      await states.get({ ...request, skipLocks: true });
      assertEquals(await arrived(), [1]);
      await download(source, { lock, skipLocks: true });
      await held.release();
    });

    test("takes no lock if nothing changes, so that readers do not wait for each other", async () => {
      await put(1);
      const made: string[] = [];
      const source = new StateFiles(
        hookedFiles(open(pool), (operation, path) => {
          if (operation === "createExclusive") made.push(path);
          return Promise.resolve();
        }),
      );
      await download(source);
      assertEquals([made, await arrived()], [[], [1]]);
    });

    test("brings the new content under the lock if the state is replaced while it is read", async () => {
      for (const size of [3000, 10, 6000]) {
        await put(1);
        const locks: boolean[] = [];
        const seen = async () => void locks.push((await readdir(join(pool, object))).includes(".clean.lock"));
        const positions: number[] = [];
        const source = poolWith("read guest/clean.two", () => put(2, size), seen);
        await download(source, {
          onProgress: ({ position, total }) => {
            assert(position <= total, `${position} of ${total}`);
            positions.push(position);
          },
        });
        assertEquals([locks, await arrived(), positions.at(-1)], [[true], [2], 6000]);
        assertEquals((await readdir(join(pool, object))).sort(), ["clean.one", "clean.state", "clean.two"]);
        await rm(cache, { recursive: true });
      }
    });

    test("brings the new content although the state was replaced after its manifest was read", async () => {
      await put(1);
      await download(poolWith("status guest/.clean.lock", () => put(2)));
      assertEquals(await arrived(), [2]);
    });

    test("with skipLocks rejects if the state is replaced while it is read, and stores nothing visible", async () => {
      await put(1);
      const source = poolWith("read guest/clean.two", () => put(2));
      await assertRejects(() => download(source, { skipLocks: true }), IntegrityError, "clean.two");
      assertEquals(await StateFiles.local(cache).states(object), []);
      await download(source, { skipLocks: true });
      assertEquals(await arrived(), [2]);
    });

    test("of many states brings the new content of those that are replaced, and the others", async () => {
      await put(1);
      await putState(pool, "child", "clean", { "child.one": filled(7) });
      const source = poolWith("read guest/clean.two", () => put(2));
      const lane = { source, target: StateFiles.local(cache) };
      const events: number[] = [];
      await transferAll([lane], ["clean", "child"], context(""), {
        lock: quick,
        onProgress: ({ position, total }) => void events.push(position / total),
      });
      assertEquals([await arrived(), events.at(-1)], [[2], 1]);
      assertEquals(await StateFiles.local(cache).states(object), ["child", "clean"]);
    });

    test("starts anew if the state depends on another one by now", async () => {
      for (const run of ["one", "all"] as const) {
        await putState(pool, "a", null, { "a.one": filled(3) });
        await putState(pool, "b", null, { "b.one": filled(4) });
        await putState(pool, "clean", "a", { "clean.one": filled(5), "clean.two": filled(5) });
        const change = () => putState(pool, "clean", "b", { "clean.one": filled(6), "clean.two": filled(6) });
        const source = poolWith("read guest/clean.two", change);
        const lane = { source, target: StateFiles.local(cache) };
        await (run === "one" ? download(source) : transferAll([lane], ["clean"], context(""), { lock: quick }));
        assertEquals(await arrived(), [6]);
        assertEquals((await StateFiles.local(cache).chain(context("clean"))).map(({ state }) => state), ["b", "clean"]);
        await rm(cache, { recursive: true });
      }
    });

    test("rejects if the state is removed while it is read, as if it had come later", async () => {
      await put(1);
      const source = poolWith("read guest/clean.two", () => new StateFiles(open(pool)).remove(context("clean")));
      await assertRejects(() => download(source), StateError, "it does not exist");
      assertEquals(await StateFiles.local(cache).states(object), []);
    });

    test("of a state that is damaged rejects, and leaves no lock", async () => {
      await put(1);
      await writeFile(join(pool, "guest/clean.two"), filled(9));
      await assertRejects(() => download(new StateFiles(open(pool))), IntegrityError, "clean.two");
      assertEquals((await readdir(join(pool, object))).sort(), ["clean.one", "clean.state", "clean.two"]);
    });

    test("finishes a state whose process was killed between its commit and the renaming of its files", async () => {
      const { files: [, two] } = await put(1);
      assert(two !== undefined);
      await rename(join(pool, "guest/clean.state"), join(pool, "guest/.clean.commit"));
      await rename(join(pool, "guest/clean.two"), join(pool, partPath("guest/clean.two", two)));
      await download(new StateFiles(open(pool)));
      assertEquals(await arrived(), [1]);
      assertEquals((await readdir(join(pool, object))).sort(), ["clean.one", "clean.state", "clean.two"]);
    });

    test("holds no lock while it waits, so that two processes may transfer a state in opposite directions", async () => {
      await put(1);
      let opposite = Promise.resolve();
      const own = StateFiles.local(cache);
      // The other process has the lock of this host, and waits for that of the pool.
      const other = async (): Promise<void> => {
        const mine = await takeLock(own.files, LOCK, context("clean", "upload"), quick);
        opposite = takeLock(open(pool), LOCK, context("clean", "upload"), quick).then(async (held) => {
          await held.release();
          await mine.release();
        });
      };
      const files = hookedFiles(open(pool), async (operation, path) => {
        if (`${operation} ${path}` === "read guest/clean.two" && reads++ === 0) await put(2);
        if (`${operation} ${path}` === `createExclusive ${LOCK}` && locks++ === 0) await other();
      });
      let [reads, locks] = [0, 0];
      await download(new StateFiles(files), { lock: { ...quick, timeout: 20_000 } });
      await opposite;
      assert(locks > 1, "the lock was let go of");
      assertEquals(await arrived(), [2]);
    });

    const refusals = ["EROFS", "EACCES", "ENOSPC", "EIO"].map((code) =>
      [code, codedError(code, "the test says so")] as const
    );
    const denied = Object.assign(new Error("requires write access"), { name: "NotCapable" });
    test("that is written to by others at the same time, in both directions, gets whole states and ends", async () => {
      const chain = async (place: string, byte: number): Promise<void> => {
        await putState(place, "base", null, { "base.one": filled(7) });
        await putState(place, "clean", "base", { "clean.one": filled(byte), "clean.two": filled(byte) });
      };
      const [one, other] = [new StateFiles(open(pool)), StateFiles.local(cache)];
      await chain(pool, 1);
      await chain(cache, 2);
      const transfer = async (from: StateFiles, to: StateFiles, operation: string): Promise<void> => {
        for (let round = 0; round < 10; round++) {
          await transferChain(from, to, context("clean", operation), { lock: { ...quick, timeout: 60_000 } });
          const fresh = join(directory, `${operation}${round}`);
          await transferChain(from, StateFiles.local(fresh), context("clean"), { lock: quick });
          const contents = [
            await readFile(join(fresh, "guest/clean.one")),
            await readFile(join(fresh, "guest/clean.two")),
          ];
          const [first, second] = contents;
          assert(first !== undefined && second?.equals(first), "files of two states");
        }
      };
      const directions = [[one, other, "download"], [other, one, "upload"]] as const;
      await Promise.all(
        [...directions, ...directions].map(([from, to, operation], i) => transfer(from, to, `${operation}${i}`)),
      );
      for (const states of [one, other]) {
        for (const manifest of await states.chain(context("clean"))) await verifyState(states, manifest);
      }
      const names = ["base.one", "base.state", "clean.one", "clean.state", "clean.two"];
      assertEquals([(await readdir(join(pool, object))).sort(), (await readdir(join(cache, object))).sort()], [
        names,
        names,
      ]);
    });

    for (const [code, refusal] of [...refusals, ["no permission of Deno", denied] as const]) {
      test(`of a location that makes no locks, with ${code}, reads without one, again as often as the state changes`, async () => {
        await put(1);
        const left = [() => put(2), () => put(3)];
        const files = hookedFiles(open(pool), async (operation, path) => {
          if (operation === "createExclusive") throw refusal;
          if (`${operation} ${path}` === "read guest/clean.two") await left.shift()?.();
        });
        await download(new StateFiles(files));
        assertEquals(await arrived(), [3]);
        await rm(cache, { recursive: true });
        await writeFile(join(pool, "guest/clean.two"), filled(9));
        await assertRejects(() => download(new StateFiles(files)), IntegrityError, "clean.two");
      });
    }

    test("of a location that makes no locks gives up a state that always changes", async () => {
      await put(1);
      let byte = 1;
      const files = hookedFiles(open(pool), async (operation, path) => {
        if (operation === "createExclusive") throw codedError("EROFS", "the test says so");
        if (`${operation} ${path}` === "read guest/clean.two") await put(++byte);
      });
      await assertRejects(() => download(new StateFiles(files)), IntegrityError, "clean.two");
      assertEquals(byte, 11, "ten attempts");
    });

    test("ends with the reason of its signal while it waits for a lock, and leaves none", async () => {
      await put(1);
      const held = await lockPool();
      const [ends, reason] = [new AbortController(), new Error("enough")];
      const lock = { ...quick, onWait: () => ends.abort(reason) };
      const run = download(new StateFiles(open(pool)), { lock, signal: ends.signal });
      assertEquals(await run.catch((error: unknown) => error), reason);
      await held.release();
      assertEquals((await readdir(join(pool, object))).sort(), ["clean.one", "clean.state", "clean.two"]);
    });
  });
}
