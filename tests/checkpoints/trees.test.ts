// Trees that are saved and restored on the embedded daemon.

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CheckpointRepository,
  CheckpointStorage,
  diffTrees,
  formatDifference,
  openTree,
  planRestore,
  restoreTree,
  saveTree,
  type TreeDifference,
} from "../../src/checkpoints/mod.ts";
import { type Client, connect } from "../../src/client/client.ts";
import { Daemon } from "../../src/daemon/mod.ts";
import { changeTree, type Growth, growTree, readTree } from "../support/random_trees.ts";
import { Random, seedOf } from "../support/random.ts";

const growth: Growth = { nodes: 60, valueMax: 1500, domids: 9 };

async function withStore(body: (store: Client, daemon: Daemon) => Promise<void>): Promise<void> {
  await using daemon = new Daemon();
  await using store = await connect(daemon.connect());
  await body(store, daemon);
}

async function withDirectory(body: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "tsxs-trees-"));
  try {
    await body(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const lines = async (differences: AsyncIterable<TreeDifference>): Promise<string[]> =>
  (await all(differences)).map((difference) => formatDifference(difference));

describe("trees that are saved and restored", () => {
  const seed = seedOf(undefined);
  test(`a generated tree is the same after it was saved, removed and restored (seed ${seed})`, async () => {
    const random = new Random(seed);
    for (let round = 0; round < 8; round++) {
      await withStore(async (store) => {
        await growTree(store, "/a/b", random, growth);
        const before = await readTree(store, "/a/b");
        const checkpoint = await saveTree(store, "/a/b");
        assertEquals((await checkpoint.summary()).nodes, before.length);
        await store.delete("/a/b");
        const report = await restoreTree(store, checkpoint);
        assertEquals([report.added, report.changed, report.removed], [before.length, 0, 0]);
        assertEquals(await readTree(store, "/a/b"), before);
        assertEquals(await lines(diffTrees(checkpoint, { client: store, path: "/a/b" })), []);
        // It is the same tree under another path.
        await restoreTree(store, checkpoint, { to: "/tool/copy" });
        const moved = before.map((node) => ({ ...node, path: node.path.replace("/a/b", "/tool/copy") }));
        assertEquals(await readTree(store, "/tool/copy"), moved);
      });
    }
  });

  test(`a changed tree gets the nodes, values and permissions of its checkpoint again (seed ${seed})`, async () => {
    const random = new Random(seed ^ 1);
    for (let round = 0; round < 8; round++) {
      await withStore(async (store) => {
        await growTree(store, "/a", random, growth);
        const sorted = async () =>
          (await readTree(store, "/a")).map((node) => ({ ...node, children: [...node.children].sort() })).sort((a, b) =>
            a.path < b.path ? -1 : 1
          );
        const before = await sorted();
        const checkpoint = await saveTree(store, "/a");
        await changeTree(store, "/a", random, growth);
        const changed = await readTree(store, "/a");
        const dry = await restoreTree(store, checkpoint, { dryRun: true });
        const live = { client: store, path: "/a" };
        assertEquals(dry.differences?.map((one) => formatDifference(one)), await lines(diffTrees(live, checkpoint)));
        assertEquals(await lines(planRestore(store, checkpoint)), await lines(diffTrees(live, checkpoint)));
        assertEquals(await readTree(store, "/a"), changed);
        const { added, changed: others, removed } = await restoreTree(store, checkpoint);
        assertEquals([added, others, removed], [dry.added, dry.changed, dry.removed]);
        assertEquals(added + others + removed, dry.differences?.length);
        assertEquals(await sorted(), before);
      });
    }
  });

  test(`a chain of differences is the same tree as a whole checkpoint of the last state (seed ${seed})`, async () => {
    const random = new Random(seed ^ 2);
    await withDirectory(async (directory) => {
      await withStore(async (store) => {
        const repository = new CheckpointRepository(directory);
        await growTree(store, "/a", random, growth);
        let last = await saveTree(store, "/a", { storage: await repository.create() });
        for (let length = 0; length < 6; length++) {
          await changeTree(store, "/a", random, { ...growth, nodes: 12 });
          const storage = await repository.create();
          last = await saveTree(store, "/a", { storage, since: last });
          const whole = await saveTree(store, "/a");
          assertEquals(await last.summary(), await whole.summary());
          // Nothing but the directory is known of the chain now.
          const opened = await openTree(new CheckpointStorage(storage.location));
          assertEquals(await all(opened.nodes()), await all(whole.nodes()));
          assertEquals(await opened.summary(), await whole.summary());
        }
        const state = await readTree(store, "/a");
        await store.delete("/a");
        await restoreTree(store, last);
        assertEquals(await readTree(store, "/a"), state);
      });
    });
  });
});
