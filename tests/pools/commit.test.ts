// Commits that a signal ends: on a location that answers, and on one that does not.

import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { commitOnParent } from "../../src/pools/commit.ts";
import { partPath } from "../../src/pools/copy.ts";
import { digestOf } from "../../src/pools/digest.ts";
import { StateError } from "../../src/pools/errors.ts";
import type { PartFile } from "../../src/pools/files.ts";
import { LocalFiles } from "../../src/pools/files_local.ts";
import { withLock } from "../../src/pools/locked.ts";
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
    await commitOnParent(new StateFiles(files), manifest, null, context, { lock: {}, signal, withLock });
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
    test(`of a process that lost its lock before ${step} leaves the state that another process has set`, () =>
      inTemporary(async (directory) => {
        const file = { path: "next.tree", ...await digestOf([Uint8Array.of(1)]) };
        const part = join(directory, partPath(join(object, file.path), file));
        await mkdir(join(directory, object));
        await writeFile(part, Uint8Array.of(1));
        // The other process removes the temporary files that it finds.
        const files = new Suspended(directory, step, async () => {
          await putState(directory, "next", null, { "next.tree": Uint8Array.of(2) });
          await rm(part);
        });
        const states = new StateFiles(files);
        await assertRejects(
          () => states.commit({ object, state: "next", parent: null, files: [file] }),
          StateError,
          "another process has taken the lock",
        );
        const there = await states.manifest(object, "next");
        assert(there !== null);
        await verifyState(states, there);
        assertEquals(there.files[0]?.sha256, (await digestOf([Uint8Array.of(2)])).sha256);
      }));
  }
});
