// The JSON of the subcommands that Xen has as tools, and of tree: one object a line, without losing a byte.

import { describe, test } from "node:test";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { connect } from "../../mod.ts";
import { Daemon } from "../../src/daemon/mod.ts";
import { type Ran, run } from "../support/invocation.ts";

async function withStore(
  body: (tsxs: (...words: string[]) => Promise<Ran>, daemon: Daemon) => Promise<void>,
): Promise<void> {
  await using daemon = new Daemon();
  await using store = await connect(daemon.connect());
  await store.write("/a/b", "é\u202e");
  await store.write("/a/b/c", new Uint8Array([0xff, 27]));
  await store.write("/a/d", "");
  await body((...words) => run(() => daemon.connect(), ["tsxs", ...words]), daemon);
}

describe("--json", () => {
  test("prints the path and the value of each node that read reads", () =>
    withStore(async (tsxs) => {
      assertEquals(await tsxs("read", "--json", "/a/b", "/a/b/c", "/a/d"), {
        ending: 0,
        stdout: '{"path":"/a/b","value":"\\u00e9\\u202e"}\n{"path":"/a/b/c","value":{"base64":"/xs="}}\n' +
          '{"path":"/a/d","value":""}\n',
        stderr: "",
      });
    }));

  test("prints the path and the name of each child that list lists", () =>
    withStore(async (tsxs) => {
      const lines = '{"path":"/a/b","name":"b"}\n{"path":"/a/d","name":"d"}\n';
      assertEquals(await tsxs("list", "--json", "/a"), { ending: 0, stdout: lines, stderr: "" });
      assertStringIncludes((await tsxs("list", "--json", "/")).stdout, '{"path":"/a","name":"a"}\n');
    }));

  for (const mode of ["ls", "tree"]) {
    test(`prints the nodes below the path of ${mode}, whole and in the order of the tree`, () =>
      withStore(async (tsxs) => {
        assertEquals(await tsxs(mode, "--json", "-p", "/a"), {
          ending: 0,
          stdout: '{"path":"/a/b","value":"\\u00e9\\u202e","permissions":["n0"]}\n' +
            '{"path":"/a/b/c","value":{"base64":"/xs="},"permissions":["n0"]}\n' +
            '{"path":"/a/d","value":"","permissions":["n0"]}\n',
          stderr: "",
        });
        assertEquals((await tsxs(mode, "--json", "/a/b")).stdout, '{"path":"/a/b/c","value":{"base64":"/xs="}}\n');
        const missing = await tsxs(mode, "--json", "/nothing");
        assertEquals([missing.ending, missing.stdout], [1, ""]);
        assertStringIncludes(missing.stderr, "/nothing");
      }));

    test(`tells of a node that ${mode} cannot read, and exits with 1`, () =>
      withStore(async (_, daemon) => {
        daemon.introduceDomain(5);
        await using store = await connect(daemon.connect());
        await store.setPerms("/a", ["n0", "r5"]);
        const { ending, stdout } = await run(() => daemon.connect({ domid: 5 }), ["tsxs", mode, "--json", "/a"]);
        assertEquals(ending, 1);
        assertEquals(stdout, '{"path":"/a/b","error":"EACCES"}\n{"path":"/a/d","error":"EACCES"}\n');
      }));
  }

  test("prints so many levels as tree draws", () =>
    withStore(async (tsxs) => {
      assertEquals((await tsxs("tree", "--json", "-d", "1", "/a")).stdout.split("\n").length, 3);
    }));

  for (const tool of ["xenstore-read", "xenstore-list", "xenstore-ls"]) {
    test(`is no option of ${tool}`, async () => {
      const { ending, stderr } = await run(() => new Daemon().connect(), [tool, "--json", "/a"]);
      assertEquals(ending, 1);
      assertStringIncludes(stderr, `${tool}: unrecognized option '--json'\n`);
    });
  }
});
