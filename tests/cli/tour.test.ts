// `tour`: its store, its colours and its failures.

import { describe, test } from "node:test";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { connect } from "../../src/client/client.ts";
import { Daemon } from "../../src/daemon/mod.ts";
import { openTransport } from "../../src/transport/open.ts";
import { commandOf, runCommand } from "../support/program.ts";
import { type Ran, run, type Setting } from "../support/invocation.ts";
import { Peer } from "../support/peer.ts";

const nowhere = async () => (await openTransport("unix:/nowhere/at/all")).transport;

describe("tour", () => {
  test("tour prints what examples/tour.ts prints, except for the address of the guide", async () => {
    const example = await runCommand(commandOf("examples/tour.ts"), { XENSTORED_PATH: "/nowhere/at/all" });
    const { ending, stdout, stderr } = await run(nowhere, ["tsxs", "tour"]);
    assertEquals([ending, stderr], [0, ""]);
    const body = (text: string): string => text.slice(0, text.indexOf("That was the tour"));
    assert(body(stdout).length > 1000, stdout);
    assertEquals(body(stdout), body(example.stdout));
    assertStringIncludes(stdout, "https://github.com/tsxs/tsxs/blob/main/docs/guide.md");
  });

  test("tour uses the store that the command finds, and leaves no node in it", async () => {
    await using daemon = new Daemon();
    await using store = await connect(daemon.connect());
    const { ending, stdout } = await run(() => daemon.connect(), ["tsxs", "--address", "unix:/a/b", "tour"]);
    assertEquals(ending, 0);
    assertStringIncludes(stdout, "at unix:/a/b.");
    assertEquals(await store.exists("/tool/tsxs-tour"), false);
  });

  test("tour fails if the store of --address cannot be reached", async () => {
    const { ending, stderr } = await run(nowhere, ["tsxs", "--address", "unix:/nowhere/at/all", "tour"]);
    assertEquals([ending, stderr], [1, "tsxs: xs_open: No such file or directory\n"]);
  });

  test("tour ends with status 124 if the store is silent for the time of --timeout", async () => {
    const peer = new Peer();
    peer.serve(() => {});
    const { ending, stderr } = await run(() => peer.transport, ["tsxs", "--timeout", ".01", "tour"]);
    assertEquals([ending, stderr], [124, "tsxs: the tour: the store did not answer within 0.01 s\n"]);
  });

  test("--trace prints the requests of the tour to standard error", async () => {
    const command = [...commandOf("src/cli/start.ts"), "--trace", "tour"];
    const { code, stderr } = await runCommand(command, { XENSTORED_PATH: "/nowhere/at/all" });
    assertEquals(code, 0);
    assertStringIncludes(stderr, 'tsxs: trace: MKDIR "/tool/tsxs-tour"');
  });

  test("tour has colours as --color, NO_COLOR and the terminal say", async () => {
    await using daemon = new Daemon();
    const coloured = async (options: readonly string[], setting: Setting = {}): Promise<boolean> => {
      const { stdout }: Ran = await run(() => daemon.connect(), ["tsxs", ...options, "tour"], setting);
      return stdout.includes("\x1b[1mWatches\x1b[0m");
    };
    assertEquals(await coloured([]), false);
    assertEquals(await coloured([], { columns: 80 }), true);
    assertEquals(await coloured([], { columns: 80, variables: { NO_COLOR: "1" } }), false);
    assertEquals(await coloured([], { columns: 80, variables: { TERM: "dumb" } }), false);
    assertEquals(await coloured(["--color=always"], { variables: { NO_COLOR: "1" } }), true);
    assertEquals(await coloured(["--color=never"], { columns: 80 }), false);
    assertEquals(await coloured(["--color", "auto"], { columns: 80 }), true);
  });

  test("tour fails with the message of the library if it may write nowhere", async () => {
    const peer = new Peer();
    peer.serve((request) => request.error("EACCES"));
    const { ending, stderr } = await run(() => peer.transport, ["tsxs", "tour"]);
    assertEquals(ending, 1);
    assertStringIncludes(stderr, "tsxs: cannot take the tour: this domain may write neither");
  });
});
