// Walks over large trees: the order of their requests, and what ends them while many requests are in flight.

import { describe, test } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { TransactionEndedError } from "../../src/client/errors.ts";
import { walk, type WalkOptions } from "../../src/client/walk.ts";
import { ConnectionError } from "../../src/transport/errors.ts";
import { LISTING_MAX, LISTING_PART_MIN } from "../../src/wire/decoder.ts";
import { InvalidPathError, XenStoreError } from "../../src/wire/errors.ts";
import { connected, type Handler, quiet, type Received } from "../support/peer.ts";
import { randomFractions } from "../support/random.ts";
import { serveTree, tree } from "../support/tree.ts";
import { treeReader, walkContext } from "../support/walking.ts";

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
/** Two levels, of 40 nodes each with 40, and 4 below each of those: 8,041 nodes with the root. */
const LARGE = numbers(40).flatMap((i) => numbers(40).flatMap((j) => numbers(4).map((k) => `/${i}/${j}/${k}`)));
const large = tree(...LARGE);
const parentsFirst = ["/", ...large.keys()].filter((path, i) => i === 0 || path !== "/");

async function paths(nodes: AsyncIterable<{ readonly path: string }>): Promise<string[]> {
  const seen: string[] = [];
  for await (const { path } of nodes) seen.push(path);
  return seen;
}

/** Collects requests, and answers all of them in another order as soon as no more come. */
function inDisorder(serve: Handler): Handler {
  let collected: Received[] = [];
  return (request) => {
    if (collected.push(request) > 1) return;
    setTimeout(() => {
      const all = collected;
      collected = [];
      const fraction = randomFractions(all.length);
      const order = new Map(all.map((one) => [one, fraction()]));
      for (const one of all.sort((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0))) serve(one);
    }, 0);
  };
}

describe("walk(), of a tree of 8,041 nodes", () => {
  test("visits the nodes in order, in whatever order the replies come", async () => {
    const { client, peer } = await connected();
    peer.serve(inDisorder(serveTree(large)));
    assertEquals(await paths(client.walk("/")), parentsFirst);
  });

  test("requests deep nodes before further nodes of the level above", async () => {
    const { client, peer } = await connected();
    const asked: string[] = [];
    const serve = serveTree(large);
    peer.serve((request) => (asked.push(request.path), serve(request)));
    assertEquals((await paths(client.walk("/"))).length, parentsFirst.length);
    const depth = (path: string): number => path.split("/").length;
    const firstLeaf = asked.findIndex((path) => depth(path) === 4);
    const lastParent = asked.findLastIndex((path) => depth(path) === 3);
    assert(firstLeaf < lastParent, `${firstLeaf} and ${lastParent}`);
  });

  test("has at most 1,024 nodes in flight", async () => {
    const { client, peer } = await connected();
    const unanswered: Received[] = [];
    let most = 0;
    const serve = serveTree(large);
    peer.serve((request) => {
      most = Math.max(most, unanswered.push(request));
      if (unanswered.length === 1) setTimeout(() => unanswered.splice(0).forEach(serve), 0);
    });
    await paths(client.walk("/"));
    assertEquals(most, 2048);
  });

  test("fails with the connection's end if thousands of requests are pending", async () => {
    const { client, peer } = await connected();
    let answered = 0;
    const serve = serveTree(large);
    peer.serve((request) => ++answered > 500 ? peer.cut() : serve(request));
    await assertRejects(() => paths(client.walk("/")), ConnectionError);
    await assertRejects(() => client.read("/"), ConnectionError);
  });

  test("ends with the signal's reason if thousands of requests are pending, and the client goes on", async () => {
    const { client, peer } = await connected();
    const held: Received[] = [];
    const controller = new AbortController();
    const serve = serveTree(large);
    peer.serve((request) => {
      if (request.path.split("/").length < 4) return serve(request);
      if (held.push(request) === 2000) controller.abort(new RangeError("enough"));
    });
    await assertRejects(() => paths(client.walk("/", { signal: controller.signal })), RangeError, "enough");
    const asked = held.length;
    held.forEach(serve);
    await quiet();
    assertEquals(held.length, asked);
    peer.serve(serve);
    assertEquals(await client.list("/39"), numbers(40).map(String));
  });
});

describe("walk(), in the middle of a tree", () => {
  const small = tree("/a/1", "/a/2", "/b/3", "/c");

  test("lists a directory in parts if its names do not fit one reply", async () => {
    const { client, peer } = await connected();
    const serve = serveTree(small);
    peer.serve((request) => {
      if (request.text === "DIRECTORY /a|") return request.error("E2BIG");
      if (request.text === "DIRECTORY_PART /a|0|") return request.reply("7", "1");
      if (request.text === "DIRECTORY_PART /a|2|") return request.reply("7", "2", "");
      serve(request);
    });
    assertEquals(await paths(client.walk("/")), ["/", "/a", "/a/1", "/a/2", "/b", "/b/3", "/c"]);
  });

  test("gives a directory without value and children if one of its parts is refused", async () => {
    const { client, peer } = await connected();
    const serve = serveTree(small);
    peer.serve((request) => {
      if (request.text === "DIRECTORY /a|") return request.error("E2BIG");
      if (request.text.startsWith("DIRECTORY_PART ")) return request.error("EACCES");
      serve(request);
    });
    const nodes: unknown[] = [];
    for await (const { path, value } of client.walk("/")) nodes.push([path, value === null]);
    assertEquals(nodes, [["/", false], ["/a", true], ["/b", false], ["/b/3", false], ["/c", false]]);
  });

  const without: readonly (readonly [string, string, Handler])[] = [
    ["if the store does not know DIRECTORY_PART", "DIRECTORY", (request) => request.error("ENOSYS")],
    ["if its parts do not end", "DIRECTORY", (request) => request.reply("7", "1")],
    ["if its parts are too long for a reply as well", "DIRECTORY_PART", (request) => request.error("E2BIG")],
  ];
  for (const [when, operation, answer] of without) {
    test(`gives a directory that does not fit one reply without value and children ${when}`, async () => {
      const { client, peer } = await connected();
      const serve = serveTree(small);
      let parts = 0;
      peer.serve((request) => {
        if (request.text === "DIRECTORY /a|") return request.error("E2BIG");
        if (!request.text.startsWith("DIRECTORY_PART ")) return serve(request);
        // Without a bound, the walk would request parts without end.
        return ++parts > LISTING_MAX / LISTING_PART_MIN + 1 ? peer.cut() : answer(request);
      });
      const nodes: unknown[] = [];
      for await (const { path, value } of client.walk("/")) nodes.push([path, value === null]);
      assertEquals(nodes, [["/", false], ["/a", true], ["/b", false], ["/b/3", false], ["/c", false]]);
      parts = 0;
      const error = await assertRejects(() => paths(client.walk("/a")), XenStoreError);
      assertEquals([error.code, error.operation, error.path], ["E2BIG", operation, "/a"]);
    });
  }

  for (
    const [code, seen] of [["ENOENT", ["/", "/b", "/b/3", "/c"]], ["EACCES", ["/", "/a", "/b", "/b/3", "/c"]]] as const
  ) {
    for (const operation of ["READ", "DIRECTORY"]) {
      test(`goes on after ${code} for the ${operation} of one node, whichever reply comes first`, async () => {
        const { client, peer } = await connected();
        const serve = serveTree(small);
        for (const order of [serve, inDisorder(serve)]) {
          peer.serve((request) => request.text === `${operation} /a|` ? request.error(code) : order(request));
          assertEquals(await paths(client.walk("/")), [...seen]);
        }
      });
    }
  }

  test("fails if its transaction ends before all nodes were requested", async () => {
    const { client, peer } = await connected();
    const serve = serveTree(small);
    let ended = Promise.resolve();
    peer.serve((request) => {
      if (request.text === "TRANSACTION_START |") return request.reply("7");
      if (request.text === "TRANSACTION_END F|") return request.ok();
      if (request.text === "READ /a|") ended = transaction.rollback();
      serve(request);
    });
    const transaction = await client.transaction();
    const seen: string[] = [];
    const error = await assertRejects(async () => {
      for await (const { path } of transaction.walk("/")) seen.push(path);
    }, TransactionEndedError);
    assertEquals([seen, error.path], [["/", "/a"], "/a/1"]);
    await ended;
  });

  test("reports the first error that ends it, after the nodes before that one", async () => {
    const { client, peer } = await connected();
    const serve = serveTree(small);
    peer.serve((request) => request.path.startsWith("/b") ? request.error("ENOMEM") : serve(request));
    const seen: string[] = [];
    const error = await assertRejects(async () => {
      for await (const { path } of client.walk("/")) seen.push(path);
    }, XenStoreError);
    assertEquals([seen, error.code, error.path], [["/", "/a", "/a/1", "/a/2"], "ENOMEM", "/b"]);
  });

  for (const topDown of [true, false]) {
    test(`gives 20,000 children that cannot be asked for without value (topDown: ${topDown})`, async () => {
      const reader = treeReader((path) => path === "/" ? numbers(20_000).map(String) : []);
      const options: WalkOptions = { topDown };
      const refusing = {
        ...reader,
        read(path: string, handler: Parameters<typeof reader.read>[1]) {
          if (path !== "/") throw new InvalidPathError("it is too long", { operation: "READ", path });
          reader.read(path, handler);
        },
      };
      let without = 0;
      for await (const { value } of walk(refusing, "/", options, walkContext())) without += value === null ? 1 : 0;
      assertEquals(without, 20_000);
    });
  }
});
