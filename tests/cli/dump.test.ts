// The dumps of subtrees: what `dump` prints, and what `restore` makes of it.

import { describe, test } from "node:test";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type Client, connect } from "../../src/client/client.ts";
import { byteString } from "../../src/cli/bytes.ts";
import { codedError } from "../../src/wire/system_errors.ts";
import { Daemon } from "../../src/daemon/mod.ts";
import { type Ran, run, type Setting } from "../support/invocation.ts";
import { Peer } from "../support/peer.ts";
import { Random, seedOf } from "../support/random.ts";
import { serveTree, tree } from "../support/tree.ts";

type Command = (words: string, setting?: Setting) => Promise<Ran>;

async function withStore(body: (command: Command, store: Client, daemon: Daemon) => Promise<void>): Promise<void> {
  await using daemon = new Daemon();
  await using store = await connect(daemon.connect());
  await body((words, setting) => run(() => daemon.connect(), words.split(" "), setting), store, daemon);
}

const ok = (stdout = ""): Ran => ({ ending: 0, stdout, stderr: "" });
const failed = (stderr: string, stdout = "", ending = 1): Ran => ({ ending, stdout, stderr });
const dumped = (text: string): Setting => ({ files: new Map([["d", text]]) });

/** A dump of `/a` with these lines of nodes. */
function dumpOf(...nodes: object[]): string {
  const lines = [{ format: "tsxs-dump", version: 1, path: "/a" }, ...nodes, { nodes: nodes.length }];
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}

const top = { path: "/a", value: "", permissions: ["n0"] };

describe("dump", () => {
  test("dump prints a first line, a line for each node in sorted order, and a last line", () =>
    withStore(async (command, store) => {
      await store.write("/a/z", "last");
      await store.write("/a/b-c", "two words");
      await store.write("/a/b/x", new Uint8Array([1, 0xff]));
      await store.setPerms("/a/b", ["n0", "r5"]);
      const text = await command("tsxs dump /a/");
      assertEquals(
        text,
        ok(dumpOf(
          top,
          { path: "/a/b", value: "", permissions: ["n0", "r5"] },
          { path: "/a/b/x", value: { base64: "Af8=" }, permissions: ["n0"] },
          { path: "/a/b-c", value: "two words", permissions: ["n0"] },
          { path: "/a/z", value: "last", permissions: ["n0"] },
        )),
      );
      assertEquals(await command("tsxs dump --json /a"), text);
    }));

  test("dump without a path prints the whole store", () =>
    withStore(async (command) => {
      const paths = [...(await command("tsxs dump")).stdout.matchAll(/"path":"([^"]*)","value"/g)];
      assertEquals(paths.map(([, path]) => path).slice(0, 3), ["/", "/local", "/local/domain"].slice(0, paths.length));
    }));

  test("dump prints the values of a hostile guest in ASCII without control characters, and restore brings them back", () =>
    withStore(async (command, store) => {
      const hostile = "\x1b[2J\x07\x7f\u009b31m\u202eevil\u2066\u200f\ufeff\u2028é\0";
      await store.write("/a/hostile", hostile);
      await store.write("/a/mark", "\ufeffmark");
      const { stdout } = await command("tsxs dump /a");
      assert(/^[\n -~]*$/.test(stdout), stdout);
      await store.delete("/a");
      await command("tsxs restore --yes d", dumped(stdout));
      assertEquals(await store.readText("/a/hostile"), hostile);
      assertEquals(await store.read("/a/mark"), new TextEncoder().encode("\ufeffmark"));
    }));

  test("dump fails if the path does not exist or is relative", () =>
    withStore(async (command) => {
      assertEquals(await command("tsxs dump /n"), failed("tsxs: cannot dump /n: No such file or directory\n"));
      assertEquals(await command("tsxs dump n"), failed("tsxs: the path 'n' does not begin with a slash\n"));
    }));

  test("dump reports the nodes that it may not read, and prints the others", async () => {
    const peer = new Peer();
    const answer = serveTree(tree("/a/x", "/b"), new Set(["/a"]));
    peer.serve((request) => request.text.startsWith("GET_PERMS") ? request.reply("n0") : answer(request));
    const { ending, stdout, stderr } = await run(() => peer.transport, ["tsxs", "dump"]);
    assertEquals([ending, stderr], [1, "tsxs: cannot read /a: Permission denied\n"]);
    assertEquals(stdout.split("\n").slice(1, -1), [
      '{"path":"/","value":"/","permissions":["n0"]}',
      '{"path":"/b","value":"/b","permissions":["n0"]}',
      '{"nodes":2}',
    ]);
  });

  test("dump ends with one message if the connection ends, and prints no last line", async () => {
    const peer = new Peer();
    const answer = serveTree(tree("/a", "/b", "/c"));
    peer.serve((request) => {
      if (request.path === "/b") return peer.cut();
      if (request.text.startsWith("GET_PERMS")) return request.reply("n0");
      answer(request);
    });
    const { ending, stdout, stderr } = await run(() => peer.transport, ["tsxs", "dump"]);
    assertEquals([ending, stderr], [1, "tsxs: cannot read /b: Connection reset by peer\n"]);
    assertEquals(stdout.includes('"nodes"'), false);
  });
});

describe("restore", () => {
  const seed = seedOf(undefined);
  test(`restore makes generated trees of all bytes again from their dumps (seed ${seed})`, async () => {
    const random = new Random(seed);
    for (let round = 0; round < 5; round++) {
      await withStore(async (command, store) => {
        const paths = ["/a"];
        await store.write("/a", "");
        for (let count = 0; count < 60; count++) {
          const parent = random.of(["/a", paths[random.below(paths.length)] ?? "/a"]);
          const path = `${parent}/${random.of(["-", "@", "A", "_", "z", "0"])}${random.below(30)}`;
          const length = random.often(500) ? random.below(8) : random.below(1500);
          const everyByte = Uint8Array.from({ length }, () => random.below(256));
          await store.write(path, random.often(300) ? "text \u00e9\u202e\n" : everyByte);
          const letters = ["n", "r", "w", "b"] as const;
          const permissions = Array.from(
            { length: 1 + random.below(4) },
            () => `${random.of(letters)}${random.below(9)}`,
          );
          await store.setPerms(path, permissions);
          paths.push(path);
        }
        const { ending, stdout, stderr } = await command("tsxs dump /a");
        assertEquals([ending, stderr], [0, ""]);
        // Half of the rounds restore over other contents.
        await store.delete("/a");
        if (round % 2 === 1) {
          for (const path of paths) await store.write(random.often(500) ? path : `${path}x`, "other");
        }
        assertEquals((await command("tsxs restore --yes --delete d", dumped(stdout))).ending, 0);
        assertEquals((await command("tsxs dump /a")).stdout, stdout);
        assertEquals(await command("tsxs restore --yes --delete -", { input: stdout }), ok());
      });
    }
  });

  const changed = dumpOf(
    top,
    { path: "/a/b", value: "new", permissions: ["n0", "r5"] },
    { path: "/a/c", value: "added", permissions: ["n0"] },
  );
  const shown = '~ /a/b = "old" -> "new"  (n0) -> (n0,r5)\n+ /a/c = "added"  (n0)\n';

  async function withOld(body: (command: Command, store: Client, daemon: Daemon) => Promise<void>): Promise<void> {
    await withStore(async (command, store, daemon) => {
      await store.write("/a/b", "old");
      await store.write("/a/extra/below", "1");
      await body(command, store, daemon);
    });
  }

  test("restore shows the difference and changes the store if the answer is yes", () =>
    withOld(async (command, store) => {
      for (const input of ["n\n", "\n", "", "yesterday\n"]) {
        const setting = { ...dumped(changed), isInputTerminal: true, input };
        assertEquals(await command("tsxs restore d", setting), failed("Change 2 nodes? [y/N] ", shown));
        assertEquals(await store.readText("/a/b"), "old");
      }
      const setting = { ...dumped(changed), isInputTerminal: true, input: "y\n" };
      assertEquals(await command("tsxs restore d", setting), { ...ok(shown), stderr: "Change 2 nodes? [y/N] " });
      assertEquals([await store.readText("/a/b"), await store.readText("/a/c")], ["new", "added"]);
      assertEquals((await store.getPerms("/a/b")).length, 2);
      assertEquals(await store.exists("/a/extra/below"), true);
      assertEquals(await command("tsxs restore d", setting), ok());
    }));

  test("restore asks nothing and changes nothing if it cannot be answered", () =>
    withOld(async (command, store) => {
      const why = "tsxs: cannot ask: standard input is not a terminal that can answer: use --yes or --dry-run\n";
      assertEquals(await command("tsxs restore d", dumped(changed)), failed(why));
      assertEquals(await command("tsxs restore -", { input: changed, isInputTerminal: true }), failed(why));
      assertEquals(await store.readText("/a/b"), "old");
    }));

  test("restore changes nothing if the question cannot be written", () =>
    withOld(async (command, store) => {
      const writeError = (bytes: Uint8Array): void => {
        if (byteString(bytes).includes("[y/N]")) throw codedError("EIO", "input/output error, write");
      };
      const setting = { ...dumped(changed), isInputTerminal: true, input: "y\n", writeError };
      assertEquals(await command("tsxs restore d", setting), failed("", shown));
      assertEquals(await store.readText("/a/b"), "old");
    }));

  test("restore --dry-run shows the difference and changes nothing, also with --yes", () =>
    withOld(async (command, store) => {
      for (const words of ["--dry-run", "-n", "-ny"]) {
        assertEquals(await command(`tsxs restore ${words} d`, dumped(changed)), ok(shown));
      }
      assertEquals(await command("tsxs restore -n -", { input: changed }), ok(shown));
      assertEquals(await store.readText("/a/b"), "old");
    }));

  test("restore --delete removes what the dump lacks", () =>
    withOld(async (command, store) => {
      const removed = '- /a/extra = ""  (n0)\n- /a/extra/below = "1"  (n0)\n';
      assertEquals(await command("tsxs restore -yd d", dumped(changed)), ok(shown + removed));
      assertEquals(await store.list("/a"), ["b", "c"]);
    }));

  test("restore --json prints the changes as lines of JSON", () =>
    withOld(async (command) => {
      const lines = (await command("tsxs restore -n --json -d d", dumped(changed))).stdout.trimEnd().split("\n");
      assertEquals(lines.map((line): unknown => JSON.parse(line)).slice(0, 3), [
        {
          change: "changed",
          path: "/a/b",
          before: { value: "old", permissions: ["n0"] },
          after: { value: "new", permissions: ["n0", "r5"] },
        },
        { change: "added", path: "/a/c", after: { value: "added", permissions: ["n0"] } },
        { change: "removed", path: "/a/extra", before: { value: "", permissions: ["n0"] } },
      ]);
    }));

  const good = { path: "/a/b", value: "new", permissions: ["n0"] };
  for (
    const [what, text, message] of [
      ["is empty", "", "d is not a dump: its first line lacks the format"],
      ["is another file", "hello\n", "d is not a dump: its first line lacks the format"],
      [
        "has another version",
        '{"format":"tsxs-dump","version":"2\u202e","path":"/a"}\n',
        'cannot read d: the dump has version "2\\xe2\\x80\\xae", not 1',
      ],
      ["is cut", changed.split("\n").slice(0, -2).join("\n"), "cannot read d: the dump is cut after line 4"],
      ["is cut within a line", changed.slice(0, -30), "cannot read d: line 4 is no object of JSON"],
      [
        "lacks a line",
        dumpOf(top, good).replace('"nodes":2', '"nodes":3'),
        "cannot read d: line 4 counts 3 nodes, and the dump has 2",
      ],
      ["goes on after its end", `${dumpOf(top)}{}\n`, "cannot read d: line 4 follows the last line of the dump"],
      ["begins with another node", dumpOf(good), "cannot read d: line 2 is not the node that the first line names"],
      [
        "leaves its path",
        dumpOf(top, { ...good, path: "/b" }),
        "cannot read d: line 3 comes without the line of its parent before it",
      ],
      [
        "lacks a parent",
        dumpOf(top, { ...good, path: "/a/x/y" }),
        "cannot read d: line 3 comes without the line of its parent before it",
      ],
      ["has a node twice", dumpOf(top, good, good), "cannot read d: line 4 is not in the order of a dump"],
      ["has an invalid path", dumpOf(top, { ...good, path: "/a//b" }), "cannot read d: line 3 has an invalid path"],
      ["has a lone surrogate", dumpOf(top, { ...good, value: "\ud800" }), "cannot read d: line 3 is no node"],
      ["has wrong base64", dumpOf(top, { ...good, value: { base64: "?" } }), "cannot read d: line 3 is no node"],
      ["has no permissions", dumpOf(top, { ...good, permissions: [] }), "cannot read d: line 3 is no node"],
      ["is not UTF-8", dumpOf(top, good).replace("new", "\xff"), "cannot read d: it is not UTF-8"],
    ] as const
  ) {
    test(`restore changes nothing if the dump ${what}`, () =>
      withOld(async (command, store) => {
        const bytes = what === "is not UTF-8"
          ? text
          : [...new TextEncoder().encode(text)].map((byte) => String.fromCharCode(byte)).join("");
        const { ending, stderr } = await command("tsxs restore --yes d", dumped(bytes));
        assertEquals([ending, stderr], [1, `tsxs: ${message}\n`]);
        assertEquals(await store.readText("/a/b"), "old");
        assertEquals(await store.exists("/a/c"), false);
      }));
  }

  test("restore fails with a message if the file does not exist", () =>
    withOld(async (command) => {
      assertEquals(await command("tsxs restore -y n"), failed("tsxs: cannot read n: No such file or directory\n"));
    }));

  test("restore refuses a line that is longer than any node", () =>
    withOld(async (command) => {
      const encoder = new TextEncoder();
      async function* endless(): AsyncGenerator<Uint8Array, void> {
        yield encoder.encode(`${dumpOf().split("\n")[0]}\n`);
        for (;;) yield await Promise.resolve(encoder.encode("x".repeat(1 << 20)));
      }
      const { stderr } = await command("tsxs restore -y -", { input: endless() });
      assertEquals(stderr, "tsxs: cannot read standard input: a line is longer than 33554432 bytes\n");
    }));

  test("restore changes nothing if the store refuses a permission", () =>
    withOld(async (command, store) => {
      const text = dumpOf(top, { ...good, permissions: ["x0"] });
      const { ending, stderr } = await command("tsxs restore -y d", dumped(text));
      assertEquals(ending, 1);
      assertStringIncludes(stderr, "cannot set the permissions of /a/b: Invalid argument: nothing is restored\n");
      assertEquals(await store.readText("/a/b"), "old");
    }));

  /** A store of one node whose first transactions conflict, so many times. Counts the transactions. */
  function conflicting(conflicts: number): { readonly peer: Peer; readonly ends: string[] } {
    const peer = new Peer();
    const ends: string[] = [];
    const answer = serveTree(tree("/a"));
    peer.serve((request) => {
      if (request.text.startsWith("TRANSACTION_START")) return request.reply(`${ends.length + 1}`);
      if (request.text.startsWith("GET_PERMS")) return request.reply("n0");
      if (/^(?:WRITE|SET_PERMS) /.test(request.text)) return request.ok();
      if (!request.text.startsWith("TRANSACTION_END")) return answer(request);
      ends.push(request.text);
      if (ends.length <= conflicts) request.error("EAGAIN");
      else request.ok();
    });
    return { peer, ends };
  }
  const oneNode = dumpOf({ ...top, value: "new" });
  const oneChange = '~ /a = "/a" -> "new"\n';

  test("restore of a file is repeated after a conflict, and prints the difference once", async () => {
    const { peer, ends } = conflicting(1);
    assertEquals(await run(() => peer.transport, ["tsxs", "restore", "-y", "d"], dumped(oneNode)), ok(oneChange));
    assertEquals(ends.length, 2);
  });

  test("restore of standard input is not repeated after a conflict, and says that nothing is restored", async () => {
    const { peer, ends } = conflicting(1);
    const { ending, stderr } = await run(() => peer.transport, ["tsxs", "restore", "-y", "-"], { input: oneNode });
    const why = "cannot restore: another client changed the same nodes: nothing is restored";
    assertEquals([ending, stderr], [1, `tsxs: ${why}\n`]);
    assertEquals(ends.length, 1);
  });

  test("a restore that ends in the middle leaves no transaction, and changes nothing", () =>
    withOld(async (_, store, daemon) => {
      const transports: ReturnType<Daemon["connect"]>[] = [];
      const open = (): ReturnType<Daemon["connect"]> => {
        const transport = daemon.connect();
        transports.push(transport);
        return transport;
      };
      async function* stopped(): AsyncGenerator<Uint8Array, void> {
        yield new TextEncoder().encode(changed.slice(0, changed.indexOf('{"nodes"')));
        // The process ends here: the system closes its connection.
        await transports[0]?.close();
      }
      const { ending } = await run(open, ["tsxs", "restore", "-y", "-"], { input: stopped() });
      assertEquals(ending, 1);
      assertEquals(await store.exists("/a/c"), false);
      assertEquals(await store.readText("/a/b"), "old");
    }));
});
