// Walks over large trees: their round trips, their depth, and the requests in flight.

import { describe, test } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { walk } from "../../src/client/walk.ts";
import type { WalkReader } from "../../src/client/walk_reader.ts";
import { XenStoreError } from "../../src/wire/errors.ts";
import { connected } from "../support/peer.ts";
import { serveTree, tree } from "../support/tree.ts";
import { treeReader, walkContext } from "../support/walking.ts";

/** 3 levels of nodes: 1 + width + width * width of them. */
function wide(width: number): string[] {
  const numbers = Array.from({ length: width }, (_, i) => i);
  return numbers.flatMap((i) => numbers.map((j) => `/${i}/${j}`));
}

/** A chain of nodes, whose paths are longer than any store takes. */
function chain(length: number): WalkReader {
  return treeReader((path) => path.length >= 2 * length ? [] : ["x"]);
}

async function count(nodes: AsyncIterable<unknown>): Promise<number> {
  let found = 0;
  for await (const _node of nodes) found++;
  return found;
}

describe("walk(), of a large tree", () => {
  for (const topDown of [true, false]) {
    test(`takes round trips by its depth, not by its nodes (topDown: ${topDown})`, async () => {
      const { client, peer } = await connected();
      peer.serve(serveTree(tree(...wide(99))));
      assertEquals(await count(client.walk("/", { topDown })), 1 + 99 + 99 * 99);
      // At most 1024 nodes are in flight, so the third level takes a few more round trips than that of a smaller tree.
      assert(peer.writes <= 20, `${peer.writes} round trips`);
    });
  }

  test("visits a chain of 1,500 nodes, one round trip for each", async () => {
    const { client, peer } = await connected();
    peer.serve(serveTree(tree("/x".repeat(1500))));
    assertEquals(await count(client.walk("/")), 1501);
    assert(peer.writes <= 1501, `${peer.writes} round trips`);
  });

  for (const topDown of [true, false]) {
    test(`visits a chain of 5,000 nodes without running out of stack (topDown: ${topDown})`, async () => {
      assertEquals(await count(walk(chain(5000), "/", { topDown }, walkContext())), 5001);
    });
  }

  test("finds no more of a tree than it may", async () => {
    const { client, peer } = await connected();
    const serve = serveTree(tree(...wide(99)));
    const asked = new Set<string>();
    peer.serve((request) => (asked.add(request.path), serve(request)));
    const error = await assertRejects(() => count(client.walk("/", { maxNodes: 500 })), XenStoreError);
    assertEquals(error.code, "E2BIG");
    assert(asked.size <= 500, `${asked.size} nodes`);
  });

  test("stops asking when its consumer leaves", async () => {
    const { client, peer } = await connected();
    const serve = serveTree(tree(...wide(99)));
    const asked = new Set<string>();
    peer.serve((request) => (asked.add(request.path), serve(request)));
    for await (const { path } of client.walk("/")) if (path === "/0") break;
    // A last request, after all requests of the walk.
    await client.read("/0");
    assert(asked.size < 5000, `${asked.size} nodes`);
  });
});
