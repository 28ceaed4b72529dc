// The drawing of `tree`.

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { type Client, connect } from "../../src/client/client.ts";
import { utf8Of } from "../../src/cli/bytes.ts";
import { Daemon } from "../../src/daemon/mod.ts";
import { type Ran, run, type Setting } from "../support/invocation.ts";
import { Peer } from "../support/peer.ts";
import { serveTree, tree } from "../support/tree.ts";

const utf8: Setting = { variables: { LANG: "en_GB.UTF-8" } };

async function withTree(
  body: (command: (words: string, setting?: Setting) => Promise<Ran>, store: Client) => Promise<void>,
): Promise<void> {
  await using daemon = new Daemon();
  await using store = await connect(daemon.connect());
  await store.write("/a/b/c", "1");
  await store.write("/a/b/d", "\x1b[2J");
  await store.write("/a/e", "two words");
  await body((words, setting = utf8) => run(() => daemon.connect(), words.split(" "), setting), store);
}

const drawing = `/a
├── b
│   ├── c = "1"
│   └── d = "\\x1b[2J"
└── e = "two words"
`;

describe("tree", () => {
  test("tree draws the nodes below a path, with escaped values", () =>
    withTree(async (command) => {
      assertEquals(await command("tsxs tree /a"), { ending: 0, stdout: utf8Of(drawing), stderr: "" });
    }));

  test("tree draws with ASCII if the locale has no UTF-8", () =>
    withTree(async (command) => {
      const ascii = drawing.replaceAll("├", "|").replaceAll("└", "`").replaceAll("│", "|").replaceAll("─", "-");
      for (const variables of [{}, { LANG: "C" }, { LC_ALL: "C", LANG: "en_GB.UTF-8" }] as const) {
        assertEquals((await command("tsxs tree /a", { variables })).stdout, ascii);
      }
    }));

  test("tree -d draws so many levels", () =>
    withTree(async (command) => {
      assertEquals((await command("tsxs tree -d1 /a")).stdout, utf8Of('/a\n├── b\n└── e = "two words"\n'));
      assertEquals((await command("tsxs tree --depth=0 /a /a/b")).stdout, "/a\n/a/b\n");
    }));

  test("tree -p names the domains of the permissions", () =>
    withTree(async (command, store) => {
      await store.write("/local/domain/5/name", "guest \u202e");
      await store.setPerms("/a/e", ["n0", "r5", "w6"]);
      assertEquals(
        (await command("tsxs tree -p -d 1 /a")).stdout,
        utf8Of('/a\n├── b  (n0)\n└── e = "two words"  (n0, r5 guest \\xe2\\x80\\xae, w6)\n'),
      );
    }));

  test("tree cuts lines to the width of the terminal", () =>
    withTree(async (command) => {
      const { stdout } = await command("tsxs tree /a", { ...utf8, columns: 16 });
      assertEquals(stdout.split("\n").at(-2), utf8Of('└── e = "two\\...'));
    }));

  test("tree without a path draws the root", () =>
    withTree(async (command) => {
      assertEquals((await command("tsxs tree -d 1")).stdout, utf8Of("/\n├── tool\n├── local\n└── a\n"));
    }));

  test("tree shows what it may not read, goes on, and ends with status 1", async () => {
    const peer = new Peer();
    peer.serve(serveTree(tree("/a/x", "/b"), new Set(["/a"])));
    const denied = "Permission denied";
    assertEquals(await run(() => peer.transport, ["tsxs", "tree"], utf8), {
      ending: 1,
      stdout: utf8Of(`/\n├── a [no value: ${denied}] [no children: ${denied}]\n└── b = "/b"\n`),
      stderr: "",
    });
  });

  test("tree fails if its top does not exist", () =>
    withTree(async (command) => {
      const stderr = "tsxs: cannot list /n: No such file or directory\n";
      assertEquals(await command("tsxs tree /n"), { ending: 1, stdout: "", stderr });
    }));

  test("tree escapes the path of a top that does not exist", () =>
    withTree(async (command) => {
      const stderr = "tsxs: cannot list /n\\x1b[31m: Invalid argument\n";
      assertEquals(await command("tsxs tree /n\x1b[31m"), { ending: 1, stdout: "", stderr });
    }));

  test("there is no tool named xenstore-tree", () =>
    withTree(async (command) => {
      assertEquals((await command("xenstore-tree /a")).stderr, "xenstore-tree: unknown mode tree\n\n");
    }));
});
