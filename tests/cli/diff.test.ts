// The differences that `diff` shows.

import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { type Client, connect } from "../../src/client/client.ts";
import { comparePaths } from "../../src/checkpoints/trees/tree_node.ts";
import { Daemon } from "../../src/daemon/mod.ts";
import { type Ran, run, type Setting } from "../support/invocation.ts";
import { Peer } from "../support/peer.ts";
import { serveTree, tree } from "../support/tree.ts";

type Command = (words: string, setting?: Setting) => Promise<Ran>;

/** Calls a function with a store, and with a dump named `old` that was made before three changes. */
async function withDump(
  body: (command: Command, store: Client, files: Map<string, string>) => Promise<void>,
): Promise<void> {
  await using daemon = new Daemon();
  await using store = await connect(daemon.connect());
  const files = new Map<string, string>();
  const command: Command = (words, setting) => run(() => daemon.connect(), words.split(" "), { files, ...setting });
  await store.write("/a/gone", "1");
  await store.write("/a/value", "one");
  await store.write("/a/letters", "");
  await store.write("/a/same", "");
  files.set("old", (await command("tsxs dump /a")).stdout);
  await store.delete("/a/gone");
  await store.write("/a/new", "\x1b[2J\u202e");
  await store.write("/a/value", "two");
  await store.setPerms("/a/letters", ["n0", "r5"]);
  files.set("new", (await command("tsxs dump /a")).stdout);
  await body(command, store, files);
}

const shown = `- /a/gone = "1"  (n0)
~ /a/letters  (n0) -> (n0,r5)
+ /a/new = "\\x1b[2J\\xe2\\x80\\xae"  (n0)
~ /a/value = "one" -> "two"
`;

describe("diff", () => {
  test("the lines have the colours of their changes as --color and NO_COLOR say", () =>
    withDump(async (command) => {
      const codes = { "+": 32, "-": 31, "~": 33 };
      const coloured = shown.replace(/^([-+~]).*$/gm, (line, sign: "+") => `\x1b[${codes[sign]}m${line}\x1b[0m`);
      const onTerminal: Setting = { columns: 80 };
      const quiet: Setting = { columns: 80, variables: { NO_COLOR: "1" } };
      assertEquals((await command("tsxs diff old new", onTerminal)).stdout, coloured);
      assertEquals((await command("tsxs --color always diff old new", quiet)).stdout, coloured);
      assertEquals((await command("tsxs diff old new", quiet)).stdout, shown);
      assertEquals((await command("tsxs --color never diff old new", onTerminal)).stdout, shown);
      assertEquals((await command("tsxs --color always restore --dry-run new")).stdout, "");
      const back = (await command("tsxs --color always restore --dry-run old")).stdout;
      assertEquals(back.split("\n")[0], '\x1b[32m+ /a/gone = "1"  (n0)\x1b[0m');
      const json = await command("tsxs --color always diff --json old new");
      assert(!json.stdout.includes("\x1b"), json.stdout);
    }));

  test("diff shows what differs between two dumps, escaped, and ends with status 1", () =>
    withDump(async (command) => {
      assertEquals(await command("tsxs diff old new"), { ending: 1, stdout: shown, stderr: "" });
    }));

  test("diff shows what differs between a dump and the store", () =>
    withDump(async (command, _, files) => {
      assertEquals(await command("tsxs diff old"), { ending: 1, stdout: shown, stderr: "" });
      const input = files.get("old") ?? "";
      assertEquals(await command("tsxs diff -", { input }), { ending: 1, stdout: shown, stderr: "" });
    }));

  test("diff prints nothing and ends with status 0 if nothing differs", () =>
    withDump(async (command, _, files) => {
      const input = files.get("new") ?? "";
      for (const words of ["new", "new new", "--json new", "- new", "new -"]) {
        assertEquals(await command(`tsxs diff ${words}`, { input }), { ending: 0, stdout: "", stderr: "" });
      }
    }));

  test("diff with a store that lacks the path shows all nodes as removed", () =>
    withDump(async (command, store) => {
      await store.delete("/a");
      const { ending, stdout } = await command("tsxs diff new");
      assertEquals([ending, stdout.match(/^- \/a/gm)?.length], [1, 5]);
    }));

  test("diff --json prints one object a line, in ASCII", () =>
    withDump(async (command) => {
      const { ending, stdout } = await command("tsxs diff --json old new");
      assert(/^[\n -~]*$/.test(stdout), stdout);
      const lines = stdout.trimEnd().split("\n").map((line): unknown => JSON.parse(line));
      assertEquals([ending, ...lines.slice(0, 3)], [
        1,
        { change: "removed", path: "/a/gone", before: { value: "1", permissions: ["n0"] } },
        {
          change: "changed",
          path: "/a/letters",
          before: { value: "", permissions: ["n0"] },
          after: { value: "", permissions: ["n0", "r5"] },
        },
        { change: "added", path: "/a/new", after: { value: "\x1b[2J\u202e", permissions: ["n0"] } },
      ]);
    }));

  test("diff ends with status 2 if it fails", () =>
    withDump(async (command, _, files) => {
      files.set("cut", (files.get("old") ?? "").slice(0, -10));
      for (
        const [words, message] of [
          ["old n", "cannot read n: No such file or directory"],
          ["cut old", "cannot read cut: line 7 is no object of JSON"],
          ["- -", "only one dump can come from standard input"],
          ["", "Usage: tsxs diff [-h] [--json] dump [dump]"],
        ] as const
      ) {
        const { ending, stderr } = await command(`tsxs diff ${words}`.trim());
        assertEquals([ending, stderr], [2, `tsxs: ${message}\n`]);
      }
    }));

  test("diff ends with status 2 if a node of the store may not be read", async () => {
    const peer = new Peer();
    const answer = serveTree(tree("/a/x"), new Set(["/a/x"]));
    peer.serve((request) => request.text.startsWith("GET_PERMS") ? request.reply("n0") : answer(request));
    const lines = ['{"format":"tsxs-dump","version":1,"path":"/a"}', '{"path":"/a","value":"/a","permissions":["n0"]}'];
    const { ending, stderr } = await run(() => peer.transport, ["tsxs", "diff", "-"], {
      input: `${lines.join("\n")}\n{"nodes":1}`,
    });
    assertEquals([ending, stderr], [2, "tsxs: cannot read /a/x: Permission denied\n"]);
  });
});

describe("comparePaths()", () => {
  test("comparePaths() sorts a node before those below it, and these before its next sibling", () => {
    const sorted = ["/", "/-", "/a", "/a/b", "/a/b/c", "/a/b-c", "/a-", "/a-/x", "/aa", "/b", "/b\xff"];
    assertEquals(sorted.toReversed().sort(comparePaths), sorted);
  });
});
