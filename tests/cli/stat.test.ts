// What `stat` counts.

import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { connect } from "../../src/client/client.ts";
import { Daemon } from "../../src/daemon/mod.ts";
import { type Ran, run } from "../support/invocation.ts";
import { Peer } from "../support/peer.ts";
import { serveTree, tree } from "../support/tree.ts";

const ok = (stdout: string): Ran => ({ ending: 0, stdout, stderr: "" });

async function withDomains(body: (command: (words: string) => Promise<Ran>) => Promise<void>): Promise<void> {
  await using daemon = new Daemon();
  await using store = await connect(daemon.connect());
  await store.introduceDomain(5, 1, 1);
  await store.setQuota("nodes", 0, 5);
  await store.write("/local/domain/5/name", "guest \x1b[2J\u202e");
  await store.write("/a/one", "12345");
  await store.write("/a/two", "");
  await store.setPerms("/a/one", ["n5"]);
  await store.setPerms("/a/two", ["n9"]);
  await body((words) => run(() => daemon.connect(), words.split(" ")));
}

describe("stat", () => {
  test("stat prints nodes, bytes of names and values, and quotas of each owner", () =>
    withDomains(async (command) => {
      const { stdout } = await command("tsxs stat /a");
      assertEquals(stdout.split("\n").map((line) => line.trim().replaceAll(/ {2,}/g, "|")), [
        "domain|nodes|quota|bytes|quota",
        "0|1|1000|1|2621440",
        "5 guest \\x1b[2J\\xe2\\x80\\xae|1|none|8|2621440",
        "9|1|1000|3|2621440",
        "",
      ]);
    }));

  test("stat --json prints an object for each owner, in ASCII", () =>
    withDomains(async (command) => {
      const { stdout } = await command("tsxs stat --json /a");
      assert(/^[\n -~]*$/.test(stdout), stdout);
      assertEquals(stdout.trimEnd().split("\n").map((line): unknown => JSON.parse(line)).slice(1), [
        { domid: 5, name: "guest \x1b[2J\u202e", nodes: 1, bytes: 8, quotas: { nodes: 0, memory: 2621440 } },
        { domid: 9, name: null, nodes: 1, bytes: 3, quotas: { nodes: 1000, memory: 2621440 } },
      ]);
    }));

  test("stat counts the whole store without a path, and fails for a path that does not exist", () =>
    withDomains(async (command) => {
      assertEquals((await command("tsxs stat")).stdout.split("\n").length, 5);
      const stderr = "tsxs: cannot count /n: No such file or directory\n";
      assertEquals(await command("tsxs stat /n"), { ending: 1, stdout: "", stderr });
    }));

  test("stat on a store without quotas shows none, and reports what it may not read", async () => {
    const peer = new Peer();
    const answer = serveTree(tree("/a/x", "/b"), new Set(["/a"]));
    peer.serve((request) => {
      if (request.text.startsWith("GET_QUOTA")) return request.error("ENOSYS");
      if (request.text.startsWith("GET_PERMS")) return request.reply("n0");
      answer(request);
    });
    assertEquals(await run(() => peer.transport, ["tsxs", "stat"]), {
      ...ok("domain  nodes  quota  bytes  quota\n0           2      -      4      -\n"),
      ending: 1,
      stderr: "tsxs: cannot read /a: Permission denied\n",
    });
  });

  test("stat prints no table if it may read nothing", async () => {
    for (const [words, title] of [[[], "text"], [["--json"], "JSON"]] as const) {
      const peer = new Peer();
      peer.serve(serveTree(tree("/a/x"), new Set(["/a"])));
      const { ending, stdout, stderr } = await run(() => peer.transport, ["tsxs", "stat", ...words, "/a"]);
      assertEquals([ending, stdout, stderr], [1, "", "tsxs: cannot read /a: Permission denied\n"], title);
    }
  });
});
