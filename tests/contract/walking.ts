// The contract: walks.

import { before, describe, test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { type WalkOptions, XenStoreError } from "../../mod.ts";
import { scratch } from "./scratch.ts";
import type { Store } from "./store.ts";

/** Declares the tests of walk(). */
export function walkContract(store: Store): void {
  describe(`${store.name}: walk()`, () => {
    const at = scratch(store, "walk");
    const { path } = at;
    const top = path("top");

    before(async () => {
      for (const name of ["a", "a/b", "a/b/c", "a/d", "e"]) await at.client.write(`${top}/${name}`, name);
    });

    async function visited(options: WalkOptions): Promise<string[]> {
      const seen: string[] = [];
      for await (const node of at.client.walk(top, options)) seen.push(node.path.slice(top.length));
      return seen;
    }

    test("walk() visits parents before their children", async () => {
      assertEquals(await visited({}), ["", "/a", "/a/b", "/a/b/c", "/a/d", "/e"]);
    });

    test("walk() visits children before their parents at every level if topDown is false", async () => {
      assertEquals(await visited({ topDown: false }), ["/a/b/c", "/a/b", "/a/d", "/a", "/e", ""]);
    });

    test("walk() yields paths, depths, values and children", async () => {
      const nodes = [];
      for await (const node of at.client.walk(`${top}/a`)) nodes.push(node);
      const value = (text: string) => new TextEncoder().encode(text);
      assertEquals(nodes, [
        { path: `${top}/a`, depth: 0, value: value("a"), children: ["b", "d"] },
        { path: `${top}/a/b`, depth: 1, value: value("a/b"), children: ["c"] },
        { path: `${top}/a/b/c`, depth: 2, value: value("a/b/c"), children: [] },
        { path: `${top}/a/d`, depth: 1, value: value("a/d"), children: [] },
      ]);
    });

    test("walk() visits no node deeper than maxDepth", async () => {
      assertEquals(await visited({ maxDepth: 0 }), [""]);
      assertEquals(await visited({ maxDepth: 1, topDown: false }), ["/a", "/e", ""]);
    });

    test("walk() rejects with E2BIG if it finds more nodes than maxNodes", async () => {
      assertEquals((await visited({ maxNodes: 6 })).length, 6);
      const error = await assertRejects(() => visited({ maxNodes: 5 }), XenStoreError);
      assertEquals([error.code, error.operation, error.path], ["E2BIG", "walk", top]);
    });

    test("walk() rejects with ENOENT if the top does not exist", async () => {
      await assertRejects(async () => await at.client.walk(path("nothing")).next(), XenStoreError, "ENOENT");
    });

    test("walk() of a transaction sees the transaction's changes, and walk() of the client does not", async () => {
      const transaction = await at.client.transaction();
      await transaction.write(`${top}/new`, "");
      const inside = [];
      for await (const node of transaction.walk(top)) inside.push(node.path);
      await transaction.rollback();
      assertEquals(inside.includes(`${top}/new`), true);
      assertEquals((await visited({})).includes("/new"), false);
    });

    if (store.nodesMax >= 3 * store.many) {
      test("walk() visits every node of a large tree", async () => {
        const names = Array.from({ length: 3 * store.many }, (_, i) => `big/${i % 10}/${Math.floor(i / 10) % 10}/${i}`);
        await Promise.all(names.map((name) => at.client.write(path(name), name)));
        const left = new Set(names);
        let count = 0;
        for await (const { value, children } of at.client.walk(path("big"))) {
          count += 1;
          if (children.length === 0) assertEquals(left.delete(new TextDecoder().decode(value ?? undefined)), true);
        }
        assertEquals([count, left.size], [1 + 10 + 100 + names.length, 0]);
      });
    }
  });
}
