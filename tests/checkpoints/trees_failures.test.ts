// Trees that cannot be saved or restored: what is reported, and that nothing is changed.

import { describe, test } from "node:test";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  BrokenChainError,
  CheckpointRepository,
  diffTrees,
  DumpError,
  formatDifference,
  InconsistentTreeError,
  openTree,
  planRestore,
  restoreTree,
  saveTree,
  type TreeCheckpoint,
} from "../../src/checkpoints/mod.ts";
import { type Client, connect } from "../../src/client/client.ts";
import { ConflictError } from "../../src/client/errors.ts";
import { Daemon } from "../../src/daemon/mod.ts";
import { InvalidPathError, XenStoreError } from "../../src/wire/errors.ts";
import { inTemporary } from "../support/temporary.ts";
import { readTree } from "../support/random_trees.ts";

async function withStore(body: (store: Client, daemon: Daemon) => Promise<void>): Promise<void> {
  await using daemon = new Daemon();
  await using store = await connect(daemon.connect());
  await body(store, daemon);
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = async (checkpoint: TreeCheckpoint): Promise<string> =>
  new TextDecoder().decode(await checkpoint.bytes());

/**
 * A client whose transactions conflict, so many times: another client writes a node before the commit. The daemon itself
 * would commit transactions that only read, since they see one state.
 */
function disturbed(store: Client, path: string, times: number): Client {
  let left = times;
  return new Proxy(store, {
    get(target, name) {
      if (name !== "transaction") {
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      }
      return async (options: object) => {
        const transaction = await target.transaction(options);
        left--;
        if (left >= 0) {
          const commit = async (): Promise<boolean> => {
            await target.write(path, `disturbed ${left}`);
            await transaction.rollback();
            return false;
          };
          Object.defineProperty(transaction, "commit", { value: commit });
        }
        return transaction;
      };
    },
  });
}

/** A client whose long operations tell their progress immediately. */
function withProgress(store: Client, tell: (event: string) => void): Client {
  const progress = {
    advance: (position: number, total: number) => tell(`${position} of ${total}`),
    done: () => tell("done"),
    fail: () => tell("fail"),
  };
  return new Proxy(store, {
    get(target, name) {
      if (name === "track") return (operation: string) => (tell(`start ${operation}`), progress);
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

describe("saving a tree", () => {
  test("a tree that other clients change is read again, and the checkpoint is one state", () =>
    withStore(async (store) => {
      await store.write("/a/b", "1");
      const checkpoint = await saveTree(disturbed(store, "/a/b", 3), "/a");
      assertEquals((await all(checkpoint.nodes())).map(({ value }) => new TextDecoder().decode(value)), [
        "",
        "disturbed 0",
      ]);
    }));

  test("a tree that always changes is an error that offers a walk, and the walk succeeds", () =>
    withStore(async (store) => {
      await store.write("/a/b", "1");
      const client = disturbed(store, "/a/b", Infinity);
      const error = await assertRejects(() => saveTree(client, "/a", { attempts: 3 }), InconsistentTreeError);
      assertEquals([error.code, error.attempts, error.consistency, error.path], ["EAGAIN", 3, "walk", "/a"]);
      assertEquals(
        error.message,
        'saveTree "/a": other clients changed the tree in each of 3 attempts: save it without a transaction, with ' +
          '{ consistency: "walk" }',
      );
      assertEquals((await (await saveTree(client, "/a", { consistency: error.consistency })).summary()).nodes, 2);
    }));

  test("a storage keeps its older checkpoint if a tree cannot be read in one state", () =>
    inTemporary(async (directory) => {
      await withStore(async (store) => {
        await store.write("/a/b", "1");
        const storage = await new CheckpointRepository(directory).create();
        const old = await saveTree(store, "/a", { storage });
        const client = disturbed(store, "/a/b", Infinity);
        await assertRejects(() => saveTree(client, "/a", { storage, attempts: 2 }), InconsistentTreeError);
        assertEquals(await all((await openTree(storage)).nodes()), await all(old.nodes()));
        assertEquals(await storage.breakLock(), false);
      });
    }));

  test("a node that does not exist, and an invalid path, are errors", () =>
    withStore(async (store) => {
      assertEquals((await assertRejects(() => saveTree(store, "/none"), XenStoreError)).code, "ENOENT");
      for (const path of ["relative", "/a/", "/a b", ""]) {
        await assertRejects(() => saveTree(store, path), InvalidPathError);
      }
    }));

  test("invalid options are errors", () =>
    withStore(async (store) => {
      await store.write("/a", "");
      await assertRejects(() => saveTree(store, "/a", { consistency: "none" as never }), RangeError, "consistency");
      await assertRejects(() => saveTree(store, "/a", { attempts: 0 }), RangeError, "attempts");
      await assertRejects(() => saveTree(store, "/a", { sience: null } as never), TypeError, 'mean "since"?');
      const since = await saveTree(store, "/a");
      await assertRejects(() => saveTree(store, "/", { since }), RangeError, 'since is a checkpoint of "/a"');
    }));

  test("a guest that may not read a node gets its path with EACCES", () =>
    withStore(async (store, daemon) => {
      await store.write("/local/domain/5/a/secret/below", "1");
      await store.setPerms("/local/domain/5", ["n0", "r5"]);
      await store.setPerms("/local/domain/5/a", ["n0", "r5"]);
      await store.setPerms("/local/domain/5/a/secret", ["n0"]);
      await store.introduceDomain(5, 1, 1);
      await using guest = await connect(daemon.connect({ domid: 5 }));
      const error = await assertRejects(() => saveTree(guest, "/local/domain/5"), XenStoreError);
      assertEquals([error.code, error.path], ["EACCES", "/local/domain/5/a/secret"]);
    }));

  test("an aborted save ends with the signal's reason, before and during the reading", () =>
    withStore(async (store) => {
      await store.write("/a/b", "1");
      await assertRejects(
        () => saveTree(store, "/a", { signal: AbortSignal.abort(new Error("enough")) }),
        Error,
        "enough",
      );
      const controller = new AbortController();
      const storage = {
        location: "/nowhere/memory",
        async save(pieces: AsyncIterable<Uint8Array>) {
          for await (const _ of pieces) controller.abort(new Error("stop"));
        },
        open: () => Promise.resolve(null),
      };
      for (let i = 0; i < 3000; i += 100) {
        await Promise.all(Array.from({ length: 100 }, (_, at) => store.write(`/a/${i + at}`, "a value of some bytes")));
      }
      await assertRejects(() => saveTree(store, "/a", { storage, signal: controller.signal }), Error, "stop");
    }));

  test("saving and restoring tell how far they are, and that they succeeded or failed", () =>
    withStore(async (store) => {
      for (let i = 0; i < 300; i++) await store.write(`/a/${i % 10}/${i}`, "1");
      const told: string[] = [];
      const client = withProgress(store, (event) => told.push(event));
      const checkpoint = await saveTree(client, "/a");
      assertEquals([told[0], told[1], told.at(-2)], ["start saveTree", "1 of 11", "done"]);
      assert(told.includes("311 of 311"), told.join(", "));
      assertEquals(told.filter((event) => event === "fail").length, 1, "fail() after done() has no effect");
      told.length = 0;
      await restoreTree(client, checkpoint, { to: "/b" });
      const { length } = await checkpoint.bytes();
      assertEquals([told[0], told.at(-3), told.at(-2)], ["start restoreTree", `${length} of ${length}`, "done"]);
      told.length = 0;
      await assertRejects(() => saveTree(client, "/none"), XenStoreError);
      assertEquals(told, ["start saveTree", "fail"]);
    }));
});

describe("restoring a tree", () => {
  async function withCheckpoint(body: (store: Client, checkpoint: TreeCheckpoint, daemon: Daemon) => Promise<void>) {
    await withStore(async (store, daemon) => {
      await store.write("/a/kept", "old");
      await store.write("/a/gone", "1");
      const checkpoint = await saveTree(store, "/a");
      await store.delete("/a/gone");
      await store.write("/a/kept", "new");
      await store.write("/a/extra/below", "2");
      await body(store, checkpoint, daemon);
    });
  }
  const shown = async (store: Client) => (await readTree(store, "/a")).map(({ path, value }) => `${path}=${value}`);
  const codes = (text: string): string => `${[...bytes(text)]}`;

  for (
    const [mode, expected] of [
      ["replace", ["/a=", `/a/kept=${codes("old")}`, `/a/gone=${codes("1")}`]],
      ["merge", [
        "/a=",
        `/a/kept=${codes("old")}`,
        "/a/extra=",
        `/a/extra/below=${codes("2")}`,
        `/a/gone=${codes("1")}`,
      ]],
      ["missing", [
        "/a=",
        `/a/kept=${codes("new")}`,
        "/a/extra=",
        `/a/extra/below=${codes("2")}`,
        `/a/gone=${codes("1")}`,
      ]],
    ] as const
  ) {
    test(`the mode "${mode}" changes what its name says, and the dry run tells it`, () =>
      withCheckpoint(async (store, checkpoint) => {
        const before = await shown(store);
        const dry = await restoreTree(store, checkpoint, { mode, dryRun: true });
        assertEquals(await shown(store), before);
        const planned = (await all(planRestore(store, checkpoint, { mode }))).map((one) => formatDifference(one));
        assertEquals(dry.differences?.map((one) => formatDifference(one)), planned);
        const { differences: _, ...counts } = dry;
        assertEquals(await restoreTree(store, checkpoint, { mode }), counts);
        assertEquals(await shown(store), [...expected]);
        assertEquals(await all(planRestore(store, checkpoint, { mode })), []);
      }));
  }

  test("a restore that conflicts is compared again, and gives up after the attempts", () =>
    withCheckpoint(async (store, checkpoint) => {
      const before = await shown(store);
      const error = await assertRejects(
        () => restoreTree(disturbed(store, "/a/extra/below", Infinity), checkpoint, { attempts: 3 }),
        ConflictError,
      );
      assertEquals([error.attempts, error.operation, error.path], [3, "restoreTree", "/a"]);
      assertEquals((await shown(store)).length, before.length);
      const { attempts } = await restoreTree(disturbed(store, "/a/kept", 2), checkpoint);
      assertEquals(attempts, 3);
      assertEquals(await all(diffTrees({ client: store, path: "/a" }, checkpoint)), []);
    }));

  test("a restore into a path that another client made is a merge, and nothing of it is lost", () =>
    withCheckpoint(async (store, checkpoint) => {
      await store.write("/b/other", "1");
      await restoreTree(store, checkpoint, { to: "/b", mode: "merge" });
      assertEquals(await store.list("/b"), ["other", "kept", "gone"]);
    }));

  test("a guest that exceeds its quota of nodes changes nothing", async () => {
    await using daemon = new Daemon({ quotas: { nodes: 50 } });
    await using store = await connect(daemon.connect());
    for (let i = 0; i < 100; i++) {
      await store.write(`/local/domain/5/data/${i}`, "1");
      await store.setPerms(`/local/domain/5/data/${i}`, ["n5"]);
    }
    await store.setPerms("/local/domain/5/data", ["n5"]);
    const checkpoint = await saveTree(store, "/local/domain/5/data");
    await store.delete("/local/domain/5/data");
    await store.write("/local/domain/5/data", "");
    await store.setPerms("/local/domain/5/data", ["n5"]);
    await store.introduceDomain(5, 1, 1);
    await using guest = await connect(daemon.connect({ domid: 5 }));
    const error = await assertRejects(() => restoreTree(guest, checkpoint), XenStoreError);
    assertEquals(error.code, "ENOSPC");
    assertEquals(await store.list("/local/domain/5/data"), []);
  });

  test("a guest that may not give nodes to another owner changes nothing", () =>
    withStore(async (store, daemon) => {
      await store.write("/local/domain/5/data/x", "1");
      const checkpoint = await saveTree(store, "/local/domain/5/data");
      await store.delete("/local/domain/5/data/x");
      await store.setPerms("/local/domain/5/data", ["n5"]);
      await store.introduceDomain(5, 1, 1);
      await using guest = await connect(daemon.connect({ domid: 5 }));
      const error = await assertRejects(() => restoreTree(guest, checkpoint), XenStoreError);
      assertEquals([error.code, error.operation], ["EPERM", "SET_PERMS"]);
      assertEquals(await store.list("/local/domain/5/data"), []);
    }));

  test("a checkpoint whose end is missing, or whose nodes were changed, changes nothing", () =>
    withCheckpoint(async (store, checkpoint) => {
      const before = await readTree(store, "/a");
      const text = await textOf(checkpoint);
      for (
        const wrong of [
          text.split("\n").slice(0, -2).join("\n"),
          text.replace('"value":"old"', '"value":"bad"'),
          text.replace('"nodes":3', '"nodes":4'),
          text.replace(/"id":"./, '"id":"g'),
          `${text}{}\n`,
        ]
      ) {
        assert(wrong !== text);
        const opened = await openTree(bytes(wrong));
        await assertRejects(() => restoreTree(store, opened), DumpError);
        await assertRejects(() => opened.summary(), DumpError);
        assertEquals(await readTree(store, "/a"), before);
      }
      await assertRejects(() => openTree(bytes("hello\n")), DumpError, "lacks the format");
      await assertRejects(
        () => openTree(bytes(text.replace('"version":1', '"version":2'))),
        DumpError,
        "version 2, not 1",
      );
    }));

  test("an aborted restore changes nothing", () =>
    withCheckpoint(async (store, checkpoint) => {
      const before = await readTree(store, "/a");
      const signal = AbortSignal.abort(new Error("enough"));
      await assertRejects(() => restoreTree(store, checkpoint, { signal }), Error, "enough");
      await assertRejects(() => all(planRestore(store, checkpoint, { signal })), Error, "enough");
      await assertRejects(() => all(diffTrees(checkpoint, { client: store, path: "/a" }, { signal })), Error, "enough");
      assertEquals(await readTree(store, "/a"), before);
    }));
});

describe("chains of checkpoints", () => {
  test("a difference without its earlier checkpoint is an error that names the cause", () =>
    inTemporary(async (directory) => {
      await withStore(async (store) => {
        const repository = new CheckpointRepository(directory);
        await store.write("/a/b", "1");
        const base = await repository.create();
        const first = await saveTree(store, "/a", { storage: base });
        await store.write("/a/b", "2");
        const storage = await repository.create();
        const second = await saveTree(store, "/a", { storage, since: first });
        assertEquals(second.parentId, (await first.summary()).id);
        await assertRejects(() => openTree(new Uint8Array(0)), DumpError);
        await assertRejects(
          async () => await openTree(await second.bytes()),
          BrokenChainError,
          "its parent is not given",
        );
        const other = await saveTree(store, "/a");
        await assertRejects(
          async () => await openTree(await second.bytes(), { parent: other }),
          BrokenChainError,
          "a difference to another checkpoint",
        );
        // Another content in the place of the earlier checkpoint.
        await saveTree(store, "/a", { storage: base });
        const changed = await openTree(storage);
        await assertRejects(() => all(changed.nodes()), BrokenChainError);
        await assertRejects(() => restoreTree(store, changed), BrokenChainError);
        await base.remove();
        await assertRejects(() => openTree(storage), BrokenChainError, "is missing");
      });
    }));

  test("an earlier checkpoint whose directory was renamed is found by its id", () =>
    inTemporary(async (directory) => {
      const { rename } = await import("node:fs/promises");
      await withStore(async (store) => {
        const repository = new CheckpointRepository(directory);
        await store.write("/a/b", "1");
        const base = await repository.create();
        const first = await saveTree(store, "/a", { storage: base });
        await saveTree(store, "/a", { storage: await repository.create() });
        await store.write("/a/b", "2");
        const storage = await repository.create();
        await saveTree(store, "/a", { storage, since: first });
        await rename(base.location, `${directory}/renamed.checkpoint`);
        const opened = await openTree(storage);
        assertEquals((await all(opened.nodes())).map(({ value }) => new TextDecoder().decode(value)), ["", "2"]);
      });
    }));

  test("the name of an earlier checkpoint does not lead out of the repository", () =>
    inTemporary(async (directory) => {
      await withStore(async (store) => {
        const [inside, outside] = [`${directory}/inside`, `${directory}/outside`].map((path) =>
          new CheckpointRepository(path)
        );
        if (inside === undefined || outside === undefined) throw new Error("unreachable: there are two");
        await store.write("/a/b", "1");
        const base = await outside.create();
        const first = await saveTree(store, "/a", { storage: base });
        const text = await textOf(await saveTree(store, "/a", { since: first }));
        const name = `../outside/${base.location.slice(base.location.lastIndexOf("/") + 1)}`;
        const storage = await inside.create();
        await storage.save(bytes(text.replace(/"name":"[^"]*"/, `"name":"${name}"`)));
        await assertRejects(() => openTree(storage), BrokenChainError, "is missing");
      });
    }));

  test("a checkpoint that was replaced after it was opened is an error", () =>
    inTemporary(async (directory) => {
      await withStore(async (store) => {
        await store.write("/a/b", "1");
        await store.write("/c/d", "1");
        const storage = await new CheckpointRepository(directory).create();
        const checkpoint = await saveTree(store, "/a", { storage });
        await saveTree(store, "/c", { storage });
        await assertRejects(() => all(checkpoint.nodes()), DumpError, "it was replaced by another one");
      });
    }));

  test("a hostile difference does not leave the path of its tree", () =>
    withStore(async (store) => {
      await store.write("/a/b", "1");
      const parent = await saveTree(store, "/a");
      await store.write("/a/c", "2");
      const text = await textOf(await saveTree(store, "/a", { since: parent }));
      for (const path of ["/b", "/a/../b", "/a/x/y", "/ab", "/a//b"]) {
        const opened = await openTree(bytes(text.replace('"path":"/a/c"', JSON.stringify({ path }).slice(1, -1))), {
          parent,
        });
        await assertRejects(() => restoreTree(store, opened), DumpError);
      }
      assertEquals(await store.list("/a"), ["b", "c"]);
    }));
});

test("a tree of a live store that is compared must be absolute and of known keys", () =>
  withStore((store) => {
    const live = { client: store, path: "a" };
    assertThrows(() => diffTrees(live, live), InvalidPathError);
    assertThrows(() => diffTrees({ ...live, paht: "" } as never, live), TypeError, 'mean "path"?');
    return Promise.resolve();
  }));
