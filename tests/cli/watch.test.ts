// The options of `watch` that Xen's tool does not have.

import { describe, test } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { type Client, connect } from "../../src/client/client.ts";
import { Daemon } from "../../src/daemon/mod.ts";
import { type Ran, run, type Setting } from "../support/invocation.ts";
import { Peer } from "../support/peer.ts";

const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g;

/**
 * Runs `watch` with some options, and makes changes after the watch is set. Every change waits until the one before it
 * is printed.
 */
async function watching(
  options: readonly string[],
  prepare: (store: Client) => Promise<void>,
  changes: readonly ((store: Client) => Promise<void>)[],
  setting: Setting = {},
): Promise<Ran> {
  await using daemon = new Daemon();
  await using store = await connect(daemon.connect());
  await prepare(store);
  let stdout = "";
  let left = [...changes];
  const writeOutput = (bytes: Uint8Array): void => {
    stdout += new TextDecoder().decode(bytes);
    const [next, ...rest] = left;
    left = rest;
    void next?.(store);
  };
  const words = ["tsxs", "watch", "-n", `${changes.length + 1}`, ...options, "/a"];
  return { ...await run(() => daemon.connect(), words, { ...setting, writeOutput }), stdout };
}

const one = (store: Client): Promise<void> => store.write("/a/b", "1");
const ok = (stdout: string): Ran => ({ ending: 0, stdout, stderr: "" });

describe("the options of watch that Xen's tool does not have", () => {
  test("--timestamps prints the time of each event before its path", async () => {
    const { ending, stdout } = await watching(["--timestamps"], one, [(store) => store.write("/a/c", "")]);
    assertEquals(ending, 0);
    assertEquals(stdout.replaceAll(TIME, "TIME"), "TIME /a\nTIME /a/c\n");
  });

  test("--value prints the value after each path, or why it cannot be read", async () => {
    assertEquals(
      await watching(["--value"], one, [
        (store) => store.write("/a/b", "\x1b[2J\n"),
        (store) => store.delete("/a/b"),
      ]),
      ok('/a = ""\n/a/b = "\\x1b[2J\\n"\n/a/b [no value: No such file or directory]\n'),
    );
  });

  test("--previous prints the value before each change, also before the first one", async () => {
    assertEquals(
      await watching(["--previous"], one, [
        (store) => store.write("/a/b", "2"),
        (store) => store.write("/a/b", "3"),
        (store) => store.delete("/a/b"),
        (store) => store.write("/a/b", "4"),
        (store) => store.write("/a/c", "5"),
      ]),
      ok(
        '/a = ""\n/a/b = "2" (was "1")\n/a/b = "3" (was "2")\n/a/b [no value: No such file or directory] (was "3")\n' +
          '/a/b = "4" (new)\n/a/c = "5" (new)\n',
      ),
    );
  });

  test("--previous forgets the values below a node that was removed", async () => {
    assertEquals(
      await watching(["--previous"], (store) => store.write("/a/b/c", "1"), [
        (store) => store.delete("/a/b"),
        (store) => store.write("/a/b/c", "2"),
      ]),
      ok('/a = ""\n/a/b [no value: No such file or directory] (was "")\n/a/b/c = "2" (new)\n'),
    );
  });

  test("--no-initial leaves out the first event of each watch, and nothing else", async () => {
    const peer = new Peer();
    peer.serve((request) => {
      request.ok();
      const { path } = request;
      for (let i = 0; i < 2; i++) peer.event(path, path);
    });
    assertEquals(await run(() => peer.transport, ["tsxs", "watch", "-n2", "--no-initial", "/a", "/b"]), ok("/a\n/b\n"));
  });

  test("--json prints an object for each event, with bytes that are not UTF-8 as base64", async () => {
    const { stdout } = await watching(["--json", "--previous"], one, [
      (store) => store.write("/a/b", "\u202e\u00e9"),
      (store) => store.write("/a/b", new Uint8Array([0xff])),
      (store) => store.delete("/a/b"),
    ]);
    const lines = stdout.replaceAll(TIME, "TIME").split("\n").slice(0, -1);
    const common = { time: "TIME", token: "/a", initial: false };
    assertEquals(lines.map((line) => JSON.parse(line)), [
      { ...common, path: "/a", initial: true, value: "", previous: "" },
      { ...common, path: "/a/b", value: "\u202e\u00e9", previous: "1" },
      { ...common, path: "/a/b", value: { base64: "/w==" }, previous: "\u202e\u00e9" },
      { ...common, path: "/a/b", value: null, error: "ENOENT", previous: { base64: "/w==" } },
    ]);
    assertMatch(stdout, /^[ -~\n]*$/);
    assertEquals(
      (await watching(["--json"], one, [])).stdout.replaceAll(TIME, "TIME"),
      `${JSON.stringify({ time: "TIME", path: "/a", token: "/a", initial: true })}\n`,
    );
  });

  test("--value and --previous read no value of a special watch", async () => {
    await using daemon = new Daemon();
    const words = ["tsxs", "watch", "-n1", "--previous", "@releaseDomain"];
    assertEquals(await run(() => daemon.connect(), words), ok("@releaseDomain\n"));
  });

  test("--exec runs the script by the shell, with path and token as arguments and the class in EVENT", async () => {
    await using daemon = new Daemon();
    await using store = await connect(daemon.connect());
    await store.write("/a", "");
    const words = ["tsxs", "watch", "-n2", "--exec", 'echo "$0 $1 $2 $EVENT"', "/a", "/b c"];
    const peer = new Peer();
    peer.serve((request) => {
      request.ok();
      peer.event(request.path, request.path);
    });
    const variables = { SHELL: "/bin/sh" };
    assertEquals(
      await run(() => peer.transport, words, { variables }),
      ok("tsxs /a /a initial\ntsxs /b c /b c initial\n"),
    );
  });

  test("--exec runs one script after the other, and goes on after one that fails", async () => {
    const peer = new Peer();
    peer.serve((request) => {
      request.ok();
      for (const path of ["/a", "/a/b"]) peer.event(path, "/a");
    });
    const script = 'echo "begin $1"; echo "end $1"; [ "$EVENT" = change ]';
    assertEquals(await run(() => peer.transport, ["tsxs", "watch", "-n2", "--exec", script, "/a"]), {
      ending: 0,
      stdout: "begin /a\nend /a\nbegin /a/b\nend /a/b\n",
      stderr: "tsxs: the script ended with status 1 for /a\n",
    });
  });

  test("--exec passes a hostile path as an argument, which no shell evaluates", async () => {
    const peer = new Peer();
    peer.serve((request) => {
      request.ok();
      peer.event("/a/$(echo x);`echo y`'\"", "/a");
    });
    assertEquals(
      await run(() => peer.transport, ["tsxs", "watch", "-n1", "--exec", 'printf "%s\\n" "$1"', "/a"]),
      ok("/a/$(echo x);`echo y`'\"\n"),
    );
  });

  test("--exec fails with a message if the shell does not exist", async () => {
    await using daemon = new Daemon();
    const words = ["tsxs", "watch", "-n1", "--exec", "true", "/a"];
    const { ending, stderr } = await run(() => daemon.connect(), words, { variables: { SHELL: "/no/shell" } });
    assertEquals(ending, 1);
    assertMatch(stderr, /^tsxs: cannot run \/no\/shell: /);
  });

  test("watch with values ends with a message after the last event if the daemon dies", async () => {
    const peer = new Peer();
    peer.serve((request) => {
      request.ok();
      peer.event("/a", "/a");
      peer.cut();
    });
    assertEquals(await run(() => peer.transport, ["tsxs", "watch", "--no-initial", "--timestamps", "/a"]), {
      ending: 1,
      stdout: "",
      stderr: "tsxs: the connection to the store is over\n",
    });
  });

  test("short forms of long options keep the meaning that they have in Xen's tools", async () => {
    await using daemon = new Daemon();
    const watch = (program: string, ...words: string[]): Promise<Ran> =>
      run(() => daemon.connect(), [...program.split(" "), ...words, "/a"]);
    for (const program of ["tsxs watch", "xenstore-watch"]) {
      assertEquals(await watch(program, "--n", "1"), ok("/a\n"));
      for (const option of ["--p", "--t"]) {
        const { ending, stderr } = await watch(program, option);
        const [name] = program.split(" ");
        assertEquals([ending, stderr], [1, `${name}: Usage: ${program} [-h] [-n NR] key\n`]);
      }
    }
  });

  test("the tool xenstore-watch does not have these options", async () => {
    await using daemon = new Daemon();
    for (const option of ["timestamps", "value", "previous", "no-initial", "json", "exec"]) {
      const { ending, stderr } = await run(() => daemon.connect(), ["xenstore-watch", `--${option}`, "/a"]);
      assertEquals([ending, stderr.split("\n")[0]], [1, `xenstore-watch: unrecognized option '--${option}'`]);
    }
  });
});
