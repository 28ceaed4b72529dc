// The globs of `find`, and what it prints.

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { type Client, connect } from "../../src/client/client.ts";
import { Glob, PathGlob } from "../../src/cli/glob.ts";
import { Daemon } from "../../src/daemon/mod.ts";
import { type Ran, run } from "../support/invocation.ts";
import { Peer } from "../support/peer.ts";
import { serveTree, tree } from "../support/tree.ts";

async function withDomains(
  body: (command: (...words: string[]) => Promise<Ran>, store: Client) => Promise<void>,
): Promise<void> {
  await using daemon = new Daemon();
  await using store = await connect(daemon.connect());
  await store.write("/local/domain/1/name", "web");
  await store.write("/local/domain/1/device/vif/0/mac", "00:16:3e:00:00:01");
  await store.write("/local/domain/2/name", "\x1b]0;evil\x07\u202e");
  await body((...words) => run(() => daemon.connect(), ["tsxs", "find", ...words]), store);
}

const ok = (stdout: string): Ran => ({ ending: 0, stdout, stderr: "" });

describe("find", () => {
  test("find prints the paths that match", () =>
    withDomains(async (command) => {
      assertEquals(await command("/local/domain/*/name"), ok("/local/domain/1/name\n/local/domain/2/name\n"));
      assertEquals(await command("/local/**/mac"), ok("/local/domain/1/device/vif/0/mac\n"));
      assertEquals(await command("/local/domain/1/name"), ok("/local/domain/1/name\n"));
      assertEquals(await command("/loc*"), ok("/local\n"));
      assertEquals(await command("/"), ok("/\n"));
    }));

  test("find without a pattern prints all paths", () =>
    withDomains(async (command) => {
      const { stdout } = await command();
      assertEquals(stdout.split("\n").slice(0, 3), ["/", "/local", "/local/domain"]);
    }));

  test("find -v prints the paths of the values that match", () =>
    withDomains(async (command) => {
      assertEquals(await command("-v", "00:16:3e:*"), ok("/local/domain/1/device/vif/0/mac\n"));
      assertEquals(await command("--value=*evil*", "/local/**"), ok("/local/domain/2/name\n"));
      assertEquals(await command("-v", "web", "/local/domain/*"), { ending: 1, stdout: "", stderr: "" });
    }));

  test("find --json prints the nodes as lines of JSON in ASCII", () =>
    withDomains(async (command) => {
      assertEquals(
        await command("--json", "-v", "*evil*"),
        ok(
          '{"path":"/local/domain/2/name","value":"\\u001b]0;evil\\u0007\\u202e","permissions":["n0"]}\n',
        ),
      );
    }));

  test("find ends with status 1 if nothing matches, and with 2 for a wrong pattern or option", () =>
    withDomains(async (command) => {
      assertEquals(await command("/n/*"), { ending: 1, stdout: "", stderr: "" });
      assertEquals(await command("n"), {
        ending: 2,
        stdout: "",
        stderr: "tsxs: the path 'n' does not begin with a slash\n",
      });
      assertEquals((await command("-x")).ending, 2);
    }));

  test("find reads only nodes that can match or lead to a match", async () => {
    const peer = new Peer();
    const asked: string[] = [];
    const answer = serveTree(tree("/a/b/c", "/a/b/d", "/a/x/y", "/z"));
    peer.serve((request) => {
      asked.push(request.text);
      answer(request);
    });
    assertEquals(await run(() => peer.transport, ["tsxs", "find", "/a/b*/c"]), ok("/a/b/c\n"));
    assertEquals(asked.sort(), ["DIRECTORY /a/b|", "DIRECTORY /a|", "READ /a/b/c|"]);
  });

  test("find reports what it may not read, goes on, and ends with status 2", async () => {
    const peer = new Peer();
    peer.serve(serveTree(tree("/a/x", "/b/x"), new Set(["/a"])));
    assertEquals(await run(() => peer.transport, ["tsxs", "find", "/*/x"]), {
      ending: 2,
      stdout: "/b/x\n",
      stderr: "tsxs: cannot read /a: Permission denied\n",
    });
  });
});

describe("globs", () => {
  for (
    const [pattern, matching, other] of [
      ["", [""], ["a"]],
      ["a*c", ["ac", "abc", "a/\nc"], ["ab", "bac"]],
      ["?", ["a", "\xff", "\n"], ["", "ab"]],
      ["[a-c]x", ["ax", "cx"], ["dx", "x", "-x"]],
      ["[!a-c]", ["d", "-"], ["a", ""]],
      ["[^]]", ["a"], ["]"]],
      ["[]-]", ["]", "-"], ["a"]],
      ["\\*\\[", ["*["], ["a["]],
      ["[a", ["[a"], ["a"]],
      ["a\\", ["a\\"], ["a"]],
      ["***", ["", "abc"], []],
    ] as const
  ) {
    test(`the glob ${JSON.stringify(pattern)} matches whole texts`, () => {
      const glob = new Glob(pattern);
      for (const text of matching) assertEquals([text, glob.matches(text)], [text, true]);
      for (const text of other) assertEquals([text, glob.matches(text)], [text, false]);
    });
  }

  test("a path glob matches names by `*`, and levels by `**`", () => {
    const glob = new PathGlob("/a/**/x*");
    assertEquals(glob.top, "/a");
    for (const path of ["/a/x", "/a/b/x1", "/a/b/c/x"]) assertEquals([path, glob.matches(path)], [path, true]);
    for (const path of ["/a", "/b/x", "/a/x/y", "/"]) assertEquals([path, glob.matches(path)], [path, false]);
    assertEquals([glob.leadsOn("/a/x/y"), glob.leadsOn("/b")], [true, false]);
    assertEquals(new PathGlob("/a/*").leadsOn("/a/b"), false);
    assertEquals(new PathGlob("/**").matches("/"), true);
  });

  test("a glob with many stars takes no exponential time", () => {
    assertEquals(new Glob("*a".repeat(40) + "b").matches("a".repeat(1000)), false);
  });
});
