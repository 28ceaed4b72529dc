// Checkpoints of trees on the real daemons.

import { describe, test } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  CheckpointRepository,
  diffTrees,
  formatDifference,
  InconsistentTreeError,
  openTree,
  restoreTree,
  saveTree,
} from "../../src/checkpoints/mod.ts";
import { type Client, connect } from "../../src/client/client.ts";
import { ConflictError } from "../../src/client/errors.ts";
import { XenStoreError } from "../../src/wire/errors.ts";
import { changeTree, type Growth, growTree, readTree } from "../support/random_trees.ts";
import { Random, seedOf } from "../support/random.ts";
import { inTemporary } from "../support/temporary.ts";
import { makeHome } from "../contract/store.ts";
import { startOxenstored, startXenstored } from "./daemons.ts";
import { withPeers } from "./peers.ts";

const kinds = [["xenstored", startXenstored], ["oxenstored", startOxenstored]] as const;
const growth: Growth = { nodes: 80, valueMax: 1900, domids: 9 };
const GUEST = 5;

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** A client in whose transactions another client changes a node that was read before, each time differently. */
function disturbed(store: Client, path: string): Client {
  let count = 0;
  return new Proxy(store, {
    get(target, name) {
      if (name !== "transaction") {
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      }
      return async (options: object) => {
        const transaction = await target.transaction(options);
        await transaction.read(path);
        await target.write(path, `disturbed ${count++}`);
        return transaction;
      };
    },
  });
}

withPeers("checkpoints of trees on the real daemons", () => {
  const seed = seedOf(undefined);

  describe("checkpoints of trees on the real daemons", () => {
    for (const [name, start] of kinds) {
      test(`${name}: a generated tree is the same after it was saved, removed and restored (seed ${seed})`, async () => {
        await using daemon = await start();
        await using store = await connect(`unix:${daemon.socket}`);
        const random = new Random(seed);
        for (let round = 0; round < 6; round++) {
          await growTree(store, "/tool/t", random, growth);
          const before = await readTree(store, "/tool/t");
          const checkpoint = await saveTree(store, "/tool/t");
          await store.delete("/tool/t");
          assertEquals((await restoreTree(store, checkpoint)).added, before.length);
          // The order of children as well.
          assertEquals(await readTree(store, "/tool/t"), before);
          await changeTree(store, "/tool/t", random, growth);
          const live = { client: store, path: "/tool/t" };
          const dry = await restoreTree(store, checkpoint, { dryRun: true });
          const shown = (await all(diffTrees(live, checkpoint))).map((one) => formatDifference(one));
          assertEquals(dry.differences?.map((one) => formatDifference(one)), shown);
          const { added, changed, removed } = await restoreTree(store, checkpoint);
          assertEquals(added + changed + removed, shown.length);
          assertEquals(await all(diffTrees(live, checkpoint)), []);
          await store.delete("/tool/t");
        }
      });

      test(`${name}: a chain of differences is the tree of the last state (seed ${seed})`, () =>
        inTemporary(async (directory) => {
          await using daemon = await start();
          await using store = await connect(`unix:${daemon.socket}`);
          const random = new Random(seed ^ 1);
          const repository = new CheckpointRepository(directory);
          await growTree(store, "/tool/t", random, growth);
          let last = await saveTree(store, "/tool/t", { storage: await repository.create() });
          for (let length = 0; length < 4; length++) {
            await changeTree(store, "/tool/t", random, { ...growth, nodes: 15 });
            const storage = await repository.create();
            last = await saveTree(store, "/tool/t", { storage, since: last });
            const whole = await saveTree(store, "/tool/t");
            assertEquals(await all((await openTree(storage)).nodes()), await all(whole.nodes()));
            assertEquals((await openTree(storage)).parentId, last.parentId);
            assertEquals(await last.summary(), await whole.summary());
          }
          const state = await readTree(store, "/tool/t");
          await store.delete("/tool/t");
          await restoreTree(store, last);
          assertEquals(await readTree(store, "/tool/t"), state);
        }));

      test(`${name}: a restore that another client disturbs in each attempt changes nothing`, async () => {
        await using daemon = await start();
        await using store = await connect(`unix:${daemon.socket}`);
        await growTree(store, "/tool/t", new Random(seed ^ 2), growth);
        await store.write("/tool/t/a-node", "1");
        const checkpoint = await saveTree(store, "/tool/t");
        await store.write("/tool/t/another", "1");
        const before = await readTree(store, "/tool/t");
        const client = disturbed(store, "/tool/t/a-node");
        await assertRejects(() => restoreTree(client, checkpoint, { attempts: 3 }), ConflictError);
        const same = (await readTree(store, "/tool/t")).filter(({ path }) => path !== "/tool/t/a-node");
        assertEquals(same, before.filter(({ path }) => path !== "/tool/t/a-node"));
      });

      test(`${name}: a guest restores its own nodes, and a node that it may not own changes nothing`, async () => {
        await using daemon = await start();
        await using store = await connect(`unix:${daemon.socket}`);
        await makeHome(store, GUEST);
        await store.introduceDomain(GUEST, 1, 1);
        await using guest = await connect(`unix:${daemon.domainSocket(GUEST)}`);
        const top = `/local/domain/${GUEST}/data`;
        await guest.write(`${top}/a/b`, "1");
        await guest.write(`${top}/c`, "2");
        const checkpoint = await saveTree(guest, top);
        await guest.write(`${top}/a/b`, "changed");
        await guest.delete(`${top}/c`);
        await restoreTree(guest, checkpoint);
        assertEquals(await all(diffTrees(checkpoint, { client: guest, path: top })), []);
        await store.setPerms(`${top}/c`, ["b0"]);
        const foreign = await saveTree(guest, top);
        await guest.delete(`${top}/c`).catch(() => store.delete(`${top}/c`));
        await guest.write(`${top}/a/b`, "kept");
        await assertRejects(() => restoreTree(guest, foreign), XenStoreError);
        assertEquals(await guest.readText(`${top}/a/b`), "kept");
      });

      test(`${name}: a tree that is too large for a guest's transaction is an error that offers a walk`, async () => {
        await using daemon = await start();
        await using store = await connect(`unix:${daemon.socket}`);
        await makeHome(store, GUEST);
        await store.introduceDomain(GUEST, 1, 1);
        const top = `/local/domain/${GUEST}/data`;
        for (let i = 0; i < 1500; i++) {
          const path = `${top}/${i % 30}/${i}`;
          await store.write(path, "1");
          await store.setPerms(path, [`n${GUEST}`]);
        }
        for (let i = 0; i < 30; i++) await store.setPerms(`${top}/${i}`, [`n${GUEST}`]);
        await using guest = await connect(`unix:${daemon.domainSocket(GUEST)}`);
        const error = await assertRejects(() => saveTree(guest, top), InconsistentTreeError);
        assert(["ENOSPC", "ENOMEM", "EQUOTA"].includes(error.code), error.message);
        const checkpoint = await saveTree(guest, top, { consistency: error.consistency });
        assertEquals((await checkpoint.summary()).nodes, 1531);
      });
    }

    test("xenstored: a tree that always changes is an error that offers a walk, and oxenstored reads a snapshot", async () => {
      for (const [name, start] of kinds) {
        await using daemon = await start();
        await using store = await connect(`unix:${daemon.socket}`);
        await growTree(store, "/tool/t", new Random(seed ^ 3), growth);
        await store.write("/tool/t/a-node", "1");
        const client = disturbed(store, "/tool/t/a-node");
        const saved = saveTree(client, "/tool/t", { attempts: 3 });
        if (name === "xenstored") {
          const error = await assertRejects(() => saved, InconsistentTreeError);
          assertEquals([error.code, error.attempts], ["EAGAIN", 3]);
          await saveTree(client, "/tool/t", { consistency: error.consistency });
        } else {
          const node = (await all((await saved).nodes())).find(({ path }) => path === "/tool/t/a-node");
          assertEquals(new TextDecoder().decode(node?.value), "1");
        }
      }
    });

    test("a checkpoint of xenstored is restored on oxenstored, and the other way round", async () => {
      await using first = await startXenstored();
      await using second = await startOxenstored();
      await using here = await connect(`unix:${first.socket}`);
      await using there = await connect(`unix:${second.socket}`);
      await growTree(here, "/tool/t", new Random(seed ^ 4), growth);
      const checkpoint = await saveTree(here, "/tool/t");
      await restoreTree(there, checkpoint);
      assertEquals(await all(diffTrees({ client: there, path: "/tool/t" }, checkpoint)), []);
      const back = await saveTree(there, "/tool/t");
      await here.delete("/tool/t");
      await restoreTree(here, back);
      assertEquals(await all(diffTrees({ client: here, path: "/tool/t" }, checkpoint)), []);
    });
  });
});
