// Reading a tree ahead of its visit: the order, and how much is requested at most.

import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { TreeReader } from "../../src/checkpoints/tree_reader.ts";
import { run } from "../support/invocation.ts";
import { Peer, type Received } from "../support/peer.ts";
import { serveTree, tree } from "../support/tree.ts";

/** Runs `ls` on a scripted store. */
function ls(peer: Peer, ...words: string[]): ReturnType<typeof run> {
  return run(() => peer.transport, ["tsxs", "ls", ...words]);
}

describe("ls of a scripted store", () => {
  test("ls prints nodes in the order of the tree if the replies come in the opposite order", async () => {
    const peer = new Peer();
    const answer = serveTree(tree("/a/b/c", "/a/d", "/e/f"));
    let held: Received[] = [];
    peer.serve((request) => {
      held.push(request);
      // All requests of one turn arrive in one chunk, so the answers wait until the end of it.
      if (held.length > 1) return;
      queueMicrotask(() => {
        const turn = held.reverse();
        held = [];
        turn.forEach(answer);
      });
    });
    const { stdout } = await ls(peer);
    assertEquals(stdout.replaceAll(/ = .*/g, ""), "a\n b\n  c\n d\ne\n f\n");
  });

  test("ls has at most 512 nodes of a wide directory in flight", async () => {
    const peer = new Peer();
    const nodes = tree(
      ...Array.from({ length: 400 }, (_, i) => `/${i}`),
      ...Array.from({ length: 400 }, (_, i) => `/7/${i}`),
    );
    const answer = serveTree(nodes);
    let [unanswered, most]: [Received[], number] = [[], 0];
    peer.serve((request) => {
      unanswered.push(request);
      most = Math.max(most, unanswered.length);
      if (unanswered.length > 1) return;
      setTimeout(() => {
        const turn = unanswered;
        unanswered = [];
        turn.forEach(answer);
      }, 0);
    });
    const { stdout } = await ls(peer);
    assertEquals(stdout.split("\n").length - 1, 800);
    assert(most <= 2 * 512, `${most} requests were in flight`);
  });

  test("ls has hundreds of nodes in flight throughout a tree with many directories", async () => {
    const peer = new Peer();
    const paths = Array.from({ length: 60 }, (_, i) => Array.from({ length: 60 }, (_, j) => `/${i}/${j}/leaf`)).flat();
    const answer = serveTree(tree(...paths));
    let [unanswered, turns]: [Received[], number] = [[], 0];
    peer.serve((request) => {
      unanswered.push(request);
      if (unanswered.length > 1) return;
      setTimeout(() => {
        turns++;
        const turn = unanswered;
        unanswered = [];
        turn.forEach(answer);
      }, 0);
    });
    const { stdout } = await ls(peer);
    assertEquals(stdout.split("\n").length - 1, 60 + 2 * 60 * 60);
    assert(turns < 200, `the replies took ${turns} turns`);
  });

  test("ls skips the children of a node that vanishes while it reads", async () => {
    const peer = new Peer();
    const nodes = tree("/a", "/b");
    const answer = serveTree(nodes);
    peer.serve((request) => request.text === "DIRECTORY /a|" ? request.error("ENOENT") : answer(request));
    assertEquals((await ls(peer)).stdout, 'a = "/a"\nb = "/b"\n');
  });

  test("ls prints a node that it may not read without a value, and fails at its children", async () => {
    const peer = new Peer();
    peer.serve(serveTree(tree("/a", "/b"), new Set(["/a"])));
    assertEquals(await ls(peer), {
      ending: 1,
      stdout: "a:\n\n",
      stderr: "tsxs: xs_directory (/a): Permission denied\n",
    });
  });

  test("ls -p reports permissions that it may not read, and goes on", async () => {
    const peer = new Peer();
    const answer = serveTree(tree("/a"));
    peer.serve((request) => request.text.startsWith("GET_PERMS") ? request.error("EACCES") : answer(request));
    const { ending, stdout, stderr } = await ls(peer, "-p");
    assertEquals([ending, stdout], [0, `a = "/a"${" .".repeat(26)}\n`]);
    assertEquals(stderr, "tsxs: \ncould not access permissions for a: Permission denied\n");
  });

  test("ls escapes names, values and permissions that no real store sends", async () => {
    const peer = new Peer();
    peer.serve((request) => {
      if (request.text === "DIRECTORY /|") return request.reply("\x1b[2J");
      if (request.text.startsWith("GET_PERMS")) return request.reply("n0\x07");
      request.reply();
    });
    const { stdout } = await ls(peer, "-fp");
    assertEquals(stdout, '/\\x1b[2J = ""   (n0\\007)\n');
  });
});

describe("the progress of a visit", () => {
  test("takes the children of a node for equal parts, so that a part of the tree is a part of the work", async () => {
    const nodes = tree("/a/1", "/a/2", "/b", "/c", "/d");
    const reader = new TreeReader({
      read: () => Promise.resolve(new Uint8Array()),
      permissions: () => Promise.resolve([]),
      list: (path) => Promise.resolve(nodes.get(path)?.children ?? []),
    }, false);
    const reported: (readonly [visited: number, total: number])[] = [];
    const stack = [...await reader.start("/")].reverse();
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      const { children } = await reader.take(at);
      if ("value" in children) stack.push(...children.value.toReversed());
      reader.report({ advance: (position, total) => void reported.push([position, total]) });
    }
    // After /a nothing is done, after /a/1 an eighth, and after /a/2 a quarter.
    assertEquals(reported, [[1, 1000], [2, 16], [3, 12], [4, 8], [5, 7], [6, 7]]);
  });
});
