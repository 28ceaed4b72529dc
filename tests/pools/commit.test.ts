// Commits that a signal ends: on a location that answers, and on one that does not.

import { mkdir, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { commitOnParent } from "../../src/pools/commit.ts";
import { partPath } from "../../src/pools/copy.ts";
import { digestOf } from "../../src/pools/digest.ts";
import { StateError } from "../../src/pools/errors.ts";
import type { PartFile } from "../../src/pools/files.ts";
import { LocalFiles } from "../../src/pools/files_local.ts";
import type { HeldLock } from "../../src/pools/held_lock.ts";
import { takeLock } from "../../src/pools/lock.ts";
import { breakLock } from "../../src/pools/lock_break.ts";
import { lockStatus } from "../../src/pools/lock_status.ts";
import { withLock } from "../../src/pools/locked.ts";
import type { StateFile } from "../../src/pools/manifest.ts";
import { StateFiles } from "../../src/pools/state_files.ts";
import { verifyState } from "../../src/pools/transfer.ts";
import { inTemporary } from "../support/temporary.ts";
import { putState } from "./put_state.ts";

const object = "guest";
const context = { operation: "upload", object, state: "next" };
const reason = new Error("the user gave up");

/** Files that tell when a commit gets its name. */
class Watched extends LocalFiles {
  onCommit: () => Promise<void> = () => Promise.resolve();

  override async rename(from: string, to: string): Promise<void> {
    await super.rename(from, to);
    if (to.endsWith(".commit")) await this.onCommit();
  }
}

/** Files of a process that is suspended before a step, while another process acts. */
class Suspended extends LocalFiles {
  readonly #step: string;
  #act: (() => Promise<void>) | null;

  constructor(directory: string, step: string, act: () => Promise<void>) {
    super(directory);
    this.#step = step;
    this.#act = act;
  }

  override async createPart(path: string): Promise<PartFile | null> {
    await this.#before("createPart");
    return await super.createPart(path);
  }

  override async rename(from: string, to: string): Promise<void> {
    await this.#before("rename");
    await super.rename(from, to);
  }

  async #before(step: string): Promise<void> {
    const act = step === this.#step ? this.#act : null;
    if (act === null) return;
    this.#act = null;
    await act();
  }
}

describe("a commit", () => {
  /** Commits a state on one that is there, and calls `onCommit` when the state is visible. */
  async function commit(directory: string, signal: AbortSignal, onCommit: () => Promise<void>): Promise<void> {
    const files = new Watched(directory);
    files.onCommit = onCommit;
    await putState(directory, "base", null, { "base.tree": Uint8Array.of(1) });
    const content = Uint8Array.of(1, 2, 3);
    const file = { path: "next.tree", ...await digestOf([content]) };
    await writeFile(join(directory, partPath(join(object, file.path), file)), content);
    const manifest = { object, state: "next", parent: "base", files: [file] };
    await commitOnParent(new StateFiles(files), manifest, null, context, { held: null, lock: {}, signal, withLock });
  }

  test("that has begun is finished although its signal is aborted", () =>
    inTemporary(async (directory) => {
      const ends = new AbortController();
      await commit(directory, ends.signal, () => {
        ends.abort(reason);
        return Promise.resolve();
      });
      const names = (await readdir(join(directory, object))).sort();
      assertEquals(names, ["base.state", "base.tree", "next.state", "next.tree"]);
    }));

  test("that has not begun leaves nothing visible if its signal is aborted", () =>
    inTemporary(async (directory) => {
      const committed = commit(directory, AbortSignal.abort(reason), () => Promise.resolve());
      assertEquals(await committed.catch((error: unknown) => error), reason);
      assertEquals(await StateFiles.local(directory).states(object), ["base"]);
    }));

  test("to a location that no longer answers ends by its signal, and the next process finishes it", () =>
    inTemporary(async (directory) => {
      const ends = new AbortController();
      const committed = commit(directory, ends.signal, () => {
        ends.abort(reason);
        return new Promise(() => {});
      });
      assertEquals(await committed.catch((error: unknown) => error), reason);
      const states = StateFiles.local(directory);
      assertEquals(await states.states(object), ["base", "next"]);
      await assertRejects(() => states.files.read(join(object, "next.tree"))[Symbol.asyncIterator]().next());
      await states.finish(object, "next");
      assertEquals((await states.files.status(join(object, "next.tree")))?.size, 3);
    }));

  for (const step of ["createPart", "rename"] as const) {
    test(`of a process that was suspended before ${step} fails if another process has its lock by then`, () =>
      inTemporary(async (directory) => {
        const local = new LocalFiles(directory);
        const lockPath = new StateFiles(local).lockPath(object, "next");
        const take = () => takeLock(local, lockPath, context);
        const put = async (byte: number): Promise<StateFile> => {
          const file = { path: "next.tree", ...await digestOf([Uint8Array.of(byte)]) };
          await mkdir(join(directory, object), { recursive: true });
          await writeFile(join(directory, partPath(join(object, file.path), file)), Uint8Array.of(byte));
          return file;
        };
        const commitBy = (files: LocalFiles, lock: HeldLock, file: StateFile): Promise<void> =>
          new StateFiles(files).commit({ object, state: "next", parent: null, files: [file] }, { locks: [lock] });
        const held = await take();
        let next: HeldLock | undefined;
        // The other process has the lock, and has changed nothing yet.
        const files = new Suspended(directory, step, async () => {
          await utimes(join(directory, lockPath), 1, 1);
          next = await take();
        });
        const first = await put(1);
        const error = await assertRejects(() => commitBy(files, held, first), StateError);
        assert(/another process has (?:broken|taken) the lock/.test(error.message), error.message);
        await held.release();
        assert(next !== undefined);
        await commitBy(local, next, await put(2));
        await next.release();
        await rm(join(directory, partPath(join(object, "next.tree"), first)));
        assertEquals((await readdir(join(directory, object))).sort(), ["next.state", "next.tree"]);
        assertEquals(await readFile(join(directory, object, "next.tree")), Buffer.of(2));
      }));
  }

  test("fails if another process has taken the files of the state", () =>
    inTemporary(async (directory) => {
      const file = { path: "next.tree", ...await digestOf([Uint8Array.of(1)]) };
      await putState(directory, "next", null, { "next.tree": Uint8Array.of(2) });
      const states = StateFiles.local(directory);
      await assertRejects(
        () => states.commit({ object, state: "next", parent: null, files: [file] }),
        StateError,
        "another process has taken the lock",
      );
      const there = await states.manifest(object, "next");
      assert(there !== null);
      await verifyState(states, there);
      assertEquals((await readdir(join(directory, object))).sort(), ["next.state", "next.tree"]);
    }));

  test("that is visible is left to the next process if the lock is lost then", () =>
    inTemporary(async (directory) => {
      const files = new Watched(directory);
      const lockPath = new StateFiles(files).lockPath(object, "next");
      const held = await takeLock(files, lockPath, context);
      const file = { path: "next.tree", ...await digestOf([Uint8Array.of(1)]) };
      await writeFile(join(directory, partPath(join(object, file.path), file)), Uint8Array.of(1));
      files.onCommit = async () => {
        const status = await lockStatus(files, lockPath);
        assert(status !== null && await breakLock(files, lockPath, status));
        await assertRejects(() => held.confirm(files), StateError, "another process has broken the lock");
      };
      const states = new StateFiles(files);
      await states.commit({ object, state: "next", parent: null, files: [file] }, { locks: [held] });
      assertEquals(await states.files.status(join(object, "next.tree")), null);
      await held.release();
      await states.finish(object, "next");
      assertEquals((await readdir(join(directory, object))).sort(), ["next.state", "next.tree"]);
    }));
});
