// What several processes do to the same states at the same time, and what an operation checks before it changes anything.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { connect } from "../../mod.ts";
import { StateError } from "../../src/pools/errors.ts";
import { LocalFiles } from "../../src/pools/files_local.ts";
import { LocalStates } from "../../src/pools/local_states.ts";
import { LockedStateError, takeLock } from "../../src/pools/lock.ts";
import { PoolStates } from "../../src/pools/pool_states.ts";
import { StateFiles } from "../../src/pools/state_files.ts";
import { getStates, setStates } from "../../src/pools/states.ts";
import type { StatePart } from "../../src/pools/part.ts";
import { Subtree } from "../../src/pools/subtree.ts";
import { transferChain } from "../../src/pools/transfer.ts";
import { putState } from "./put_state.ts";

const bytes = new TextEncoder();
const context = (operation: string, state: string) => ({ operation, object: "guest", state });

describe("states that several processes change", () => {
  let directory = "";
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "tsxs-pools-"));
  });
  afterEach(() => rm(directory, { recursive: true }));

  /** Files that call back before the content of the state `child` is read. */
  const sourceOf = (before: () => Promise<unknown>): StateFiles => {
    class Watched extends LocalFiles {
      override async *read(...args: Parameters<LocalFiles["read"]>): AsyncGenerator<Uint8Array, void> {
        if (args[0].endsWith("child.tree")) await before();
        yield* super.read(...args);
      }
    }
    return new StateFiles(new Watched(join(directory, "source")));
  };
  const putBoth = async (): Promise<StateFiles> => {
    await putState(join(directory, "source"), "base", null, { "base.tree": bytes.encode("base") });
    await putState(join(directory, "source"), "child", "base", { "child.tree": bytes.encode("child") });
    return StateFiles.local(join(directory, "pool"));
  };

  test("are not committed if their parent was removed while they were sent", async () => {
    const pool = await putBoth();
    const source = sourceOf(() => pool.remove(context("unset", "base")));
    await assertRejects(
      () => transferChain(source, pool, context("set", "child")),
      StateError,
      'the state "base", on which it depends, does not exist',
    );
    assertEquals(await pool.states("guest"), []);
  });

  test("are not committed if their parent was replaced while they were sent", async () => {
    const pool = await putBoth();
    const source = sourceOf(() =>
      putState(join(directory, "pool"), "base", null, { "base.tree": bytes.encode("other") })
    );
    await assertRejects(() => transferChain(source, pool, context("set", "child")), StateError, "has another content");
    assertEquals(await pool.states("guest"), ["base"]);
  });

  test("are not committed while another process works on their parent", async () => {
    const pool = await putBoth();
    await transferChain(StateFiles.local(join(directory, "source")), pool, context("set", "base"));
    let release = (): Promise<void> => Promise.resolve();
    const source = sourceOf(async () => {
      release = (await takeLock(pool.files, pool.lockPath("guest", "base"), context("unset", "base"))).release;
    });
    const options = { lock: { timeout: 0 } };
    await assertRejects(() => transferChain(source, pool, context("set", "child"), options), LockedStateError);
    assertEquals(await pool.states("guest"), ["base"]);
    await release();
  });

  test("are set in a pool with a lock, even if readers skip locks", async () => {
    const pool = await putBoth();
    const backend = new PoolStates({
      own: StateFiles.local(join(directory, "source")),
      pool,
      lock: { timeout: 0 },
    });
    const held = await takeLock(pool.files, pool.lockPath("guest", "base"), context("set", "base"));
    const request = { object: "guest", state: "base", scopes: [], skipLocks: true };
    await assertRejects(() => backend.set(request), LockedStateError);
    await held.release();
    await backend.set(request);
    assertEquals(await pool.states("guest"), ["base"]);
  });

  test("replace no part of an object if they lack another part of it", async () => {
    await using store = await connect("embedded:");
    const part = (path: string, name: string) => {
      const subtree = new Subtree({ client: store, path });
      subtree.fileOf = (state) => `${name}/${state}.tree`;
      return subtree;
    };
    const parts = [part("/one", "one"), part("/two", "two")];
    const backend = (count: number) => new LocalStates({ directory, parts: () => parts.slice(0, count) });
    await store.write("/one", "old");
    await store.write("/two", "old");
    const states = [{ object: "guest", state: "clean" }];
    await setStates(backend(1), states);
    await store.write("/one", "new");
    await assertRejects(() => getStates(backend(2), states), StateError, 'it has no "two/clean.tree"');
    assertEquals(await store.readText("/one"), "new");
  });

  test("are prepared in all parts before the first part is changed, and the ones that may fail are changed first", async () => {
    const calls: string[] = [];
    const part = (name: string, fails: string, isPrepared: boolean): StatePart => {
      const call = (step: string): Promise<void> => {
        calls.push(`${step} ${name}`);
        return step === fails ? Promise.reject(new Error(`${name} cannot ${step}`)) : Promise.resolve();
      };
      return {
        fileOf: (state) => `${name}/${state}.tree`,
        exists: () => Promise.resolve(true),
        make: () => call("make"),
        remove: () => call("remove"),
        parent: () => Promise.resolve(null),
        keep: () => Promise.resolve({ parent: null }),
        restore: () => call("restore"),
        ...isPrepared
          ? {
            prepare: async () => {
              await call("prepare");
              return { commit: () => call("commit"), discard: () => call("discard") };
            },
          }
          : {},
      };
    };
    const contents = { "one/clean.tree": bytes.encode("1"), "two/clean.tree": bytes.encode("2") };
    await putState(directory, "clean", null, { ...contents, "nodes/clean.tree": bytes.encode("3") });
    const get = async (fails: Readonly<Record<string, string>>): Promise<readonly [string, readonly string[]]> => {
      calls.length = 0;
      const parts = () => [
        part("one", fails.one ?? "", true),
        part("nodes", fails.nodes ?? "", false),
        part("two", fails.two ?? "", true),
      ];
      const request = { object: "guest", state: "clean", scopes: [], skipLocks: false };
      const ending = new LocalStates({ directory, parts }).get(request);
      return [await ending.then(() => "done", (error: Error) => error.message), [...calls]];
    };
    const prepared = ["prepare one", "prepare two"];
    assertEquals(await get({}), ["done", [...prepared, "restore nodes", "commit one", "commit two"]]);
    assertEquals(await get({ two: "prepare" }), ["two cannot prepare", [...prepared, "discard one"]]);
    const restored = [...prepared, "restore nodes"];
    assertEquals(await get({ nodes: "restore" }), ["nodes cannot restore", [
      ...restored,
      "discard one",
      "discard two",
    ]]);
    const committed = [...restored, "commit one", "commit two", "discard two"];
    assertEquals(await get({ two: "commit" }), ["two cannot commit", committed]);
  });

  test("are made anew by the parts that were removed, if each call returns others", async () => {
    const calls: string[] = [];
    let made = 0;
    const parts = (): StatePart[] => {
      const number = ++made;
      let isThere = true;
      return [{
        fileOf: (state) => `${state}.tree`,
        exists: () => Promise.resolve(isThere),
        make: () => Promise.resolve(void calls.push(`make ${number}`)),
        remove: () => {
          isThere = false;
          return Promise.resolve(void calls.push(`remove ${number}`));
        },
        parent: () => Promise.resolve(null),
        keep: () => Promise.resolve({ parent: null }),
        restore: () => Promise.resolve(),
      }];
    };
    const backend = new LocalStates({ directory, parts });
    const request = { object: "guest", state: "root", scopes: ["own"] as const, skipLocks: false };
    await backend.unsetRoot(request);
    await backend.setRoot(request);
    assertEquals(calls, ["remove 1", "make 1"]);
    await backend.setRoot(request);
    assertEquals(made, 2, "the parts are asked for again");
  });
});
