// The suite of transfers of many states: which run concurrently, in which order, and what a failure or a signal ends.

import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { IntegrityError } from "../../src/pools/copy.ts";
import { StateError } from "../../src/pools/errors.ts";
import type { PoolFiles } from "../../src/pools/files.ts";
import { StateFiles } from "../../src/pools/state_files.ts";
import { type TransferOptions, verifyState } from "../../src/pools/transfer.ts";
import { transferAll, TransfersError } from "../../src/pools/transfer_all.ts";
import { putState } from "./put_state.ts";

const context = { operation: "upload", object: "guest", state: "" };

/** What a test learns of the target, and how it intervenes. */
interface Watch {
  /** The locks that are held, and the most of them at a time. */
  readonly held: Set<string>;
  most: number;
  /** The states in the order in which they became visible. */
  readonly visible: string[];
  /** How often a lock was found taken. */
  refused: number;
  /** The parts that were opened. */
  readonly parts: string[];
  /** Runs before a part of a state is made. */
  beforePart: (path: string) => Promise<void>;
}

function newWatch(): Watch {
  return { held: new Set(), most: 0, visible: [], refused: 0, parts: [], beforePart: () => Promise.resolve() };
}

/** Makes files that note what happens to locks, parts and manifests. */
function watched(files: PoolFiles, watch: Watch): PoolFiles {
  const isLock = (path: string): boolean => path.endsWith(".lock");
  return {
    location: files.location,
    list: (path) => files.list(path),
    status: (path) => files.status(path),
    read: (path, options) => files.read(path, options),
    openPart: (path) => files.openPart(path),
    link: (from, to) => files.link(from, to),
    close: () => files.close(),
    createPart: async (path) => {
      if (!path.includes(".commit")) {
        watch.parts.push(path);
        await watch.beforePart(path);
      }
      return await files.createPart(path);
    },
    createExclusive: async (path, bytes) => {
      const isMade = await files.createExclusive(path, bytes);
      if (isLock(path)) {
        if (isMade) watch.held.add(path);
        else watch.refused++;
        watch.most = Math.max(watch.most, watch.held.size);
      }
      return isMade;
    },
    remove: async (path) => {
      if (isLock(path)) watch.held.delete(path);
      return await files.remove(path);
    },
    rename: async (from, to) => {
      await files.rename(from, to);
      if (to.endsWith(".state")) watch.visible.push(basename(to, ".state"));
    },
  };
}

/** Defines the suite. `open` returns the files of a directory as one of several connections sees them. */
export function transferAllSuite(name: string, open: (directory: string, lane: number) => PoolFiles): void {
  describe(`a transfer of many states: ${name}`, () => {
    let directory = "";
    let [from, to] = ["", ""];
    let watch = newWatch();
    beforeEach(async () => {
      directory = await mkdtemp(join(tmpdir(), "tsxs-pools-"));
      [from, to] = [join(directory, "from"), join(directory, "to")];
      watch = newWatch();
    });
    afterEach(() => rm(directory, { recursive: true }));

    const put = (state: string, parent: string | null = null): Promise<unknown> =>
      putState(from, state, parent, { [`${state}.tree`]: new TextEncoder().encode(`content of ${state}`) });
    const lane = (number: number) => ({
      source: StateFiles.local(from),
      target: new StateFiles(watched(open(to, number), watch)),
    });
    const transfer = (states: readonly string[], options: TransferOptions = {}): Promise<void> =>
      transferAll([lane(0), lane(1)], states, context, options);
    const target = (): StateFiles => StateFiles.local(to);
    /** Checks that the states of the target are these, that each is whole, and that nothing is locked. */
    const assertWhole = async (states: readonly string[]): Promise<void> => {
      assertEquals(await target().states("guest"), [...states].sort());
      for (const state of states) {
        const manifest = await target().manifest("guest", state);
        assert(manifest !== null);
        await verifyState(target(), manifest);
      }
      const names = await readdir(join(to, "guest"));
      assertEquals(names.filter((found) => found.includes(".lock")), []);
    };

    test("brings all of them, leaves nothing else, and sends nothing again", async () => {
      const states = Array.from({ length: 40 }, (_, i) => `s${i}`);
      for (const state of states) await put(state);
      await transfer(states);
      await assertWhole(states);
      const names = await readdir(join(to, "guest"));
      assertEquals(names.sort(), states.flatMap((state) => [`${state}.state`, `${state}.tree`]).sort());
      assertEquals(watch.parts.length, states.length);
      await transfer(states);
      assertEquals(watch.parts.length, states.length, "a state with the same content was sent again");
    });

    test("transfers as many concurrently as it may, and no more", async () => {
      const states = Array.from({ length: 12 }, (_, i) => `s${i}`);
      for (const state of states) await put(state);
      let waiting = 0;
      let fill = (): void => {};
      const full = new Promise<void>((resolve) => fill = resolve);
      watch.beforePart = async () => {
        // The first five wait for one another.
        if (++waiting === 5) fill();
        await full;
      };
      await transfer(states, { concurrency: 5 });
      assertEquals(watch.most, 5);
      await assertWhole(states);
    });

    test("brings a state after the one that it depends on, and each of them once", async () => {
      await put("base");
      for (const child of ["a", "b", "c", "d", "e"]) {
        await put(child, "base");
        await put(`${child}-leaf`, child);
      }
      const leaves = ["a", "b", "c", "d", "e"].map((child) => `${child}-leaf`);
      // The others are brought because the leaves depend on them.
      await transfer(leaves);
      await assertWhole(["base", ...leaves, ...leaves.map((leaf) => leaf.slice(0, 1))]);
      assertEquals(watch.visible.length, 11, "a state became visible twice");
      assertEquals(watch.visible[0], "base");
      for (const leaf of leaves) {
        assert(watch.visible.indexOf(leaf.slice(0, 1)) < watch.visible.indexOf(leaf), `${leaf} came before its parent`);
      }
    });

    test("shares the lock of a state on which several depend, so that none of them waits for another", async () => {
      await put("base");
      const children = Array.from({ length: 10 }, (_, i) => `child${i}`);
      for (const child of children) await put(child, "base");
      await transfer(children);
      await assertWhole(["base", ...children]);
      assertEquals(watch.refused, 0);
    });

    test("reports every failure, brings all others, and leaves no half of those that failed", async () => {
      const good = Array.from({ length: 20 }, (_, i) => `good${i}`);
      for (const state of good) await put(state);
      await put("bad");
      await put("bad-child", "bad");
      await put("bad-grandchild", "bad-child");
      await writeFile(join(from, "guest/bad.tree"), "content of evil");
      const error = await assertRejects(
        () => transfer([...good, "bad", "bad-grandchild", "missing"]),
        TransfersError,
        '4 of 24 states failed: "bad": "guest/bad.tree"',
      );
      const failures = new Map(error.failures.map((failure) => [failure.state, failure.error]));
      assertEquals([...failures.keys()], ["bad", "bad-child", "bad-grandchild", "missing"]);
      assert(failures.get("bad") instanceof IntegrityError);
      for (const [state, fault] of [["bad-child", '"bad"'], ["bad-grandchild", '"bad-child"']] as const) {
        const failure = failures.get(state);
        assert(failure instanceof StateError && failure.cause instanceof IntegrityError);
        assert(
          failure.message.includes(`the state ${fault}, on which it depends, was not transferred`),
          failure.message,
        );
      }
      await assertWhole(good);
    });

    test("reports states that depend on themselves, and brings the others", async () => {
      await put("good");
      await put("one", "other");
      await put("other", "one");
      const error = await assertRejects(() => transfer(["good", "one"]), TransfersError, "depends on itself");
      assertEquals(error.failures.map(({ state }) => state), ["one", "other"]);
      await assertWhole(["good"]);
    });

    test("ends with the reason of the signal once all have ended, and each state is whole or absent", async () => {
      const states = Array.from({ length: 30 }, (_, i) => `s${i}`);
      for (const state of states) await put(state);
      const controller = new AbortController();
      const reason = new Error("the user gave up");
      let parts = 0;
      watch.beforePart = () => {
        if (++parts === 10) controller.abort(reason);
        return Promise.resolve();
      };
      const outcome = await transfer(states, { concurrency: 4, signal: controller.signal }).catch((error) => error);
      assertEquals(outcome, reason);
      assertEquals(watch.held.size, 0, "a lock was still held");
      const brought = await target().states("guest");
      assert(brought.length < 14, `${brought.length} states were brought`);
      await assertWhole(brought);
      await transfer(states);
      await assertWhole(states);
    });

    test("tells how far all of them are, in bytes of all", async () => {
      const states = Array.from({ length: 9 }, (_, i) => `s${i}`);
      for (const state of states) await put(state);
      const told: number[] = [];
      const totals = new Set<number>();
      await transfer(states, {
        concurrency: 3,
        onProgress: ({ position, total }) => {
          told.push(position);
          totals.add(total);
        },
      });
      assertEquals([...totals], [states.length * "content of s0".length]);
      assertEquals(told, told.toSorted((a, b) => a - b));
      assertEquals(told.at(-1), [...totals][0]);
    });

    test("replaces what differs, and keeps what others depend on", async () => {
      await put("kept");
      await put("replaced");
      await transfer(["kept", "replaced"]);
      await putState(to, "user", "kept", { "user.tree": Uint8Array.of(1) });
      for (const state of ["kept", "replaced"]) {
        await putState(from, state, null, { [`${state}.tree`]: Uint8Array.of(2) });
      }
      const error = await assertRejects(() => transfer(["kept", "replaced"]), TransfersError, '"user"');
      assertEquals(error.failures.map(({ state }) => state), ["kept"]);
      assertEquals(await readFile(join(to, "guest/kept.tree"), "utf8"), "content of kept");
      assertEquals([...await readFile(join(to, "guest/replaced.tree"))], [2]);
    });
  });
}
