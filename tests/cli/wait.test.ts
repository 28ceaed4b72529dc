// `wait`: its end when a node exists or has a value, and its statuses.

import { describe, test } from "node:test";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { type Client, connect } from "../../src/client/client.ts";
import { Daemon } from "../../src/daemon/mod.ts";
import { type Ran, run } from "../support/invocation.ts";
import { Peer } from "../support/peer.ts";

const ok: Ran = { ending: 0, stdout: "", stderr: "" };

/** Runs `wait`, and makes a change after each time that it has read the node. */
async function waiting(words: readonly string[], changes: readonly ((store: Client) => Promise<void>)[]): Promise<Ran> {
  await using daemon = new Daemon();
  await using store = await connect(daemon.connect());
  let left = changes;
  const log = (async () => {
    for await (const event of daemon.operations()) {
      if (event.type !== "operation" || event.operation !== "READ") continue;
      const [next, ...rest] = left;
      left = rest;
      await next?.(store);
    }
  })();
  const ran = await run(() => daemon.connect(), ["tsxs", "wait", ...words]);
  await daemon.close();
  await log;
  assertEquals(left.length, 0);
  return ran;
}

describe("wait", () => {
  test("wait ends immediately if the node exists", async () => {
    assertEquals(await waiting(["/tool"], []), ok);
  });

  test("wait ends when the node is made, even without a value", async () => {
    assertEquals(
      await waiting(["/a/b"], [(store) => store.mkdir("/a/b")]),
      ok,
    );
  });

  test("wait with a value ends when the node has the value", async () => {
    const values = ["one", "", "two\n"].map((value) => (store: Client) => store.write("/a", value));
    assertEquals(await waiting(["/a", "two\\n"], values), ok);
  });

  test("wait with an empty value does not end for a node with another value", async () => {
    assertEquals(await waiting(["/a", ""], ["1", ""].map((value) => (store: Client) => store.write("/a", value))), ok);
  });

  test("wait ends with status 124 and a message after the time of --timeout", async () => {
    await using daemon = new Daemon();
    const wait = (...words: string[]): Promise<Ran> => run(() => daemon.connect(), ["tsxs", "wait", ...words]);
    assertEquals(await wait("/a", "--timeout", ".01"), {
      ending: 124,
      stdout: "",
      stderr: "tsxs: /a does not exist after .01 s\n",
    });
    assertEquals(await wait("-t.01", "/tool", "x"), {
      ending: 124,
      stdout: "",
      stderr: "tsxs: /tool has another value after .01 s\n",
    });
    assertEquals(await wait("--timeout", "600", "/tool"), ok);
  });

  test("wait ends with status 124 if the store does not reply within the time", async () => {
    const peer = new Peer();
    peer.serve(() => {});
    const silent = {
      ending: 124,
      stdout: "",
      stderr: "tsxs: /a was not read, because the store did not answer, after .01 s\n",
    };
    assertEquals(await run(() => peer.transport, ["tsxs", "wait", "-t", ".01", "/a"]), silent);
    assertEquals(await run(() => new Promise(() => {}), ["tsxs", "wait", "-t", ".01", "/a"]), silent);
  });

  test("wait ends with status 1 and a message if the node cannot be watched or the daemon dies", async () => {
    await using daemon = new Daemon();
    assertEquals(await run(() => daemon.connect(), ["tsxs", "wait", "/a/"]), {
      ending: 1,
      stdout: "",
      stderr: "tsxs: cannot watch /a/: Invalid argument\n",
    });
    const peer = new Peer();
    peer.serve((request) => {
      request.ok();
      peer.cut();
    });
    const { ending, stderr } = await run(() => peer.transport, ["tsxs", "wait", "/a"]);
    assertEquals([ending, stderr], [1, "tsxs: the connection to the store is over\n"]);
  });

  test("wait goes on while the node may not be read", async () => {
    const peer = new Peer();
    let reads = 0;
    peer.serve((request) => {
      if (request.text.startsWith("READ") && ++reads < 3) {
        request.error("EACCES");
        return peer.event("/a", "/a");
      }
      request.reply("OK");
      if (request.text.startsWith("WATCH")) peer.event("/a", "/a");
    });
    assertEquals(await run(() => peer.transport, ["tsxs", "wait", "/a"]), ok);
  });

  test("wait refuses a wrong number of operands, and a wrong time", async () => {
    const never = () => Promise.reject(new Error("connected"));
    for (const words of [[], ["/a", "1", "2"]]) {
      const { ending, stderr } = await run(never, ["tsxs", "wait", ...words]);
      assertEquals([ending, stderr], [1, "tsxs: Usage: tsxs wait [-h] [-t SECONDS] key [value]\n"]);
    }
    assertStringIncludes((await run(never, ["tsxs", "wait", "-t", "-1", "/a"])).stderr, "invalid --timeout '-1'");
    assertEquals(
      (await run(never, ["tsxs", "wait", "--timout", "1", "/a"])).stderr.split("\n")[0],
      "wait: unrecognized option '--timout': did you mean '--timeout'?",
    );
  });
});
