// Walks over small trees: their order, their bounds, and their errors.

import { describe, test } from "node:test";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { Walk } from "../../src/client/walk.ts";
import type { WalkNode } from "../../src/client/walk_node.ts";
import { XenStoreError } from "../../src/wire/errors.ts";
import { shown } from "../support/bytes.ts";
import { connected, quiet } from "../support/peer.ts";
import { serveTree, tree } from "../support/tree.ts";

const family = ["/a/b/c", "/a/b/d", "/a/e", "/f", "/g/h/i/j"];
const parentsFirst = ["/", "/a", "/a/b", "/a/b/c", "/a/b/d", "/a/e", "/f", "/g", "/g/h", "/g/h/i", "/g/h/i/j"];
const childrenFirst = ["/a/b/c", "/a/b/d", "/a/b", "/a/e", "/a", "/f", "/g/h/i/j", "/g/h/i", "/g/h", "/g", "/"];

async function all(walk: Walk): Promise<WalkNode[]> {
  const nodes: WalkNode[] = [];
  for await (const node of walk) nodes.push(node);
  return nodes;
}
const paths = async (walk: Walk) => (await all(walk)).map(({ path }) => path);

async function served(denied: string[] = [], missing: string[] = [], nodes = family) {
  const { client, peer } = await connected();
  const serve = serveTree(new Map([...tree(...nodes)].filter(([path]) => !missing.includes(path))), new Set(denied));
  peer.serve(serve);
  return { client, peer };
}

describe("walk()", () => {
  test("visits parents before their children, children in the store's order", async () => {
    const { client } = await served();
    assertEquals(await paths(client.walk("/")), parentsFirst);
    assertEquals(await paths(client.walk("/", { topDown: true })), parentsFirst);
    assertEquals(await paths(client.walk("/a")), ["/a", "/a/b", "/a/b/c", "/a/b/d", "/a/e"]);
  });

  test("visits parents after their children where topDown is false", async () => {
    const { client } = await served();
    assertEquals(await paths(client.walk("/", { topDown: false })), childrenFirst);
  });

  test("keeps the store's order, which need not be that of the alphabet", async () => {
    const { client } = await served([], [], ["/z/2", "/z/1", "/a/2", "/a/1"]);
    assertEquals(await paths(client.walk("/")), ["/", "/z", "/z/2", "/z/1", "/a", "/a/2", "/a/1"]);
    assertEquals(await paths(client.walk("/", { topDown: false })), ["/z/2", "/z/1", "/z", "/a/2", "/a/1", "/a", "/"]);
  });

  test("gives each node's value, depth and children", async () => {
    const { client } = await served();
    const nodes = (await all(client.walk("/a"))).map((node) => ({
      ...node,
      value: shown(node.value ?? new Uint8Array()),
    }));
    assertEquals(nodes.slice(0, 3), [
      { path: "/a", depth: 0, value: "/a", children: ["b", "e"] },
      { path: "/a/b", depth: 1, value: "/a/b", children: ["c", "d"] },
      { path: "/a/b/c", depth: 2, value: "/a/b/c", children: [] },
    ]);
  });

  test("goes no deeper than it is told, and still names the children there", async () => {
    const { client, peer } = await served();
    const asked: string[] = [];
    const serve = serveTree(tree(...family));
    peer.serve((request) => (asked.push(request.path), serve(request)));
    assertEquals((await all(client.walk("/", { maxDepth: 0 }))).map(({ path, children }) => [path, children]), [
      ["/", ["a", "f", "g"]],
    ]);
    assertEquals(asked, ["/", "/"]);
    assertEquals(await paths(client.walk("/", { maxDepth: 1 })), ["/", "/a", "/f", "/g"]);
    assertEquals(await paths(client.walk("/", { maxDepth: 2, topDown: false })), [
      "/a/b",
      "/a/e",
      "/a",
      "/f",
      "/g/h",
      "/g",
      "/",
    ]);
    assertEquals(await paths(client.walk("/", { maxDepth: 99 })), parentsFirst);
  });

  test("fails with E2BIG if it finds more nodes than allowed", async () => {
    const { client } = await served();
    for (const topDown of [true, false]) {
      assertEquals((await all(client.walk("/", { topDown, maxNodes: 11 }))).length, 11);
      const error = await assertRejects(() => all(client.walk("/", { topDown, maxNodes: 10 })), XenStoreError);
      assertEquals([error.code, error.operation, error.path], ["E2BIG", "walk", "/"]);
    }
  });

  test("leaves out children that vanish during the walk, and everything below them", async () => {
    const { client } = await served([], ["/a/b", "/f"]);
    assertEquals(await paths(client.walk("/")), parentsFirst.filter((path) => !/^\/a\/b|^\/f/.test(path)));
    assertEquals(
      await paths(client.walk("/", { topDown: false })),
      childrenFirst.filter((path) => !/^\/a\/b|^\/f/.test(path)),
    );
  });

  test("gives children that may not be read without value and children", async () => {
    const { client } = await served(["/a/b"]);
    const nodes = await all(client.walk("/a"));
    assertEquals(nodes.map(({ path }) => path), ["/a", "/a/b", "/a/e"]);
    assertEquals(nodes[1], { path: "/a/b", depth: 1, value: null, children: [] });
  });

  for (const [code, denied, missing] of [["EACCES", ["/a"], []], ["ENOENT", [], ["/a"]]] as const) {
    test(`fails with ${code} if reading its top does`, async () => {
      const { client } = await served([...denied], [...missing]);
      const error = await assertRejects(() => all(client.walk("/a")), XenStoreError);
      assertEquals([error.code, error.path], [code, "/a"]);
    });
  }

  test("gives a child without value and children if the store fails to read or list this one node", async () => {
    const serve = serveTree(tree(...family));
    for (const code of ["EACCES", "EIO", "EAGAIN"]) {
      const { client, peer } = await connected();
      peer.serve((request) => request.path === "/a/b" ? request.error(code) : serve(request));
      const nodes = await all(client.walk("/a"));
      assertEquals(nodes.map(({ path, value }) => [path, value === null]), [["/a", false], ["/a/b", true], [
        "/a/e",
        false,
      ]]);
    }
  });

  test("fails if a request fails for a reason that is not the node's", async () => {
    const { client, peer } = await connected();
    const serve = serveTree(tree(...family));
    peer.serve((request) => request.path === "/a/b" ? request.error("ENOMEM") : serve(request));
    const error = await assertRejects(() => all(client.walk("/")), XenStoreError);
    assertEquals([error.code, error.path], ["ENOMEM", "/a/b"]);
  });

  test("fails when the connection is lost, however many requests wait", async () => {
    const { client, peer } = await connected();
    const serve = serveTree(tree(...family));
    peer.serve((request) => request.path === "/a/b" ? peer.cut() : serve(request));
    await assertRejects(() => all(client.walk("/")), XenStoreError);
  });

  test("asks for nothing more when its consumer leaves", async () => {
    const { client, peer } = await served();
    for await (const { path } of client.walk("/")) {
      assertEquals(path, "/");
      break;
    }
    const asked: string[] = [];
    peer.serve((request) => asked.push(request.path));
    await quiet();
    assert(asked.every((path) => path.split("/").length < 3), `${asked}`);
  });

  test("asks for nothing before it is started", async () => {
    const { client, peer } = await served();
    await client.walk("/").return();
    await quiet();
    assertEquals(peer.writes, 0);
  });

  test("ends with the signal's reason, also while a reply is missing", async () => {
    const { client, peer } = await connected();
    const controller = new AbortController();
    const walk = all(client.walk("/", { signal: controller.signal }));
    await peer.take(2);
    controller.abort(new RangeError("enough"));
    await assertRejects(() => walk, RangeError, "enough");
    await assertRejects(() => all(client.walk("/", { signal: controller.signal })), RangeError, "enough");
  });

  test("gives no node after its signal was aborted", async () => {
    const { client } = await served();
    for (const [topDown, order] of [[true, parentsFirst], [false, childrenFirst]] as const) {
      for (const last of order.slice(0, -1)) {
        const controller = new AbortController();
        const seen: string[] = [];
        const walk = async () => {
          for await (const { path } of client.walk("/", { topDown, signal: controller.signal })) {
            seen.push(path);
            if (path === last) controller.abort(new RangeError("enough"));
          }
        };
        await assertRejects(walk, RangeError, "enough");
        assertEquals(seen.at(-1), last);
      }
    }
  });

  test("walks a transaction's own tree", async () => {
    const { client, peer } = await connected();
    const starting = client.transaction();
    (await peer.next()).reply("9");
    const transaction = await starting;
    const serve = serveTree(tree("/a"));
    peer.serve((request) => request.transactionId === 9 ? serve(request) : request.error("EIO"));
    assertEquals(await paths(transaction.walk("/")), ["/", "/a"]);
  });

  test("takes a path of bytes, and no path of another kind", async () => {
    const { client } = await served();
    assertEquals(await paths(client.walk(new TextEncoder().encode("/f"))), ["/f"]);
    assertThrows(() => client.walk(5 as never), TypeError);
  });
});
