// Connecting to the C daemon while it is busy: its backlog holds two connections, and it accepts none while it rests.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type Client, connect, ConnectionError } from "../../mod.ts";
import { Exchange } from "../../src/blocking/exchange.ts";
import { openBlocking } from "../../src/blocking/open.ts";
import type { BlockingKind } from "../../src/blocking/transport.ts";
import { probeUnix } from "../../src/daemon/sockets/listen.ts";
import { listen } from "../../src/daemon/lines/server.ts";
import { codeOf } from "../../src/wire/system_errors.ts";
import { Operation } from "../../src/wire/operations.ts";
import { inDirectory } from "../support/socket.ts";
import { timeout } from "../support/limits.ts";
import { type RealStore, startXenstored } from "./daemons.ts";
import { withPeers } from "./peers.ts";

const REST_MS = 300;
const CLIENTS = 50;

const own: BlockingKind = "Deno" in globalThis || "Bun" in globalThis ? "ffi" : "descriptor";
// On Node 20 a worker cannot load TypeScript while its parent waits.
const kinds: readonly BlockingKind[] = process.versions.node.startsWith("20.") && own === "descriptor"
  ? [own]
  : [own, "worker"];

/** Stops the daemon, and fills its backlog. The connections are returned when the daemon runs again. */
async function fillBacklog(store: RealStore): Promise<AsyncDisposable> {
  process.kill(store.pid, "SIGSTOP");
  // The kernel connects two clients without the daemon.
  const clients = [await connect(`unix:${store.socket}`), await connect(`unix:${store.socket}`)];
  return {
    [Symbol.asyncDispose]: async () => {
      await Promise.all(clients.map((client) => client.close()));
    },
  };
}

function openMany(store: RealStore): Promise<Client[]> {
  return Promise.all(Array.from({ length: CLIENTS }, () => connect(`unix:${store.socket}`)));
}

async function checkAll(clients: readonly Client[]): Promise<void> {
  const lists = await Promise.all(clients.map((client) => client.list("/tool")));
  assertEquals(lists, Array.from({ length: CLIENTS }, () => ["xenstored"]));
  await Promise.all(clients.map((client) => client.close()));
}

withPeers("a busy daemon is no dead daemon", () => {
  describe("connecting to the C daemon", { timeout }, () => {
    test("50 concurrent connects all succeed", async () => {
      await using store = await startXenstored();
      await checkAll(await openMany(store));
    });

    test("50 concurrent connects all succeed if the daemon rests for 300 ms", async () => {
      await using store = await startXenstored();
      process.kill(store.pid, "SIGSTOP");
      setTimeout(() => process.kill(store.pid, "SIGCONT"), REST_MS);
      await checkAll(await openMany(store));
    });

    test("the signal ends the wait of a connect for a full backlog", async () => {
      await using store = await startXenstored();
      await using _full = await fillBacklog(store);
      const abort = new AbortController();
      const waiting = connect(`unix:${store.socket}`, { signal: abort.signal });
      const ended = assertRejects(() => waiting, RangeError, "enough");
      setTimeout(() => abort.abort(new RangeError("enough")), 20);
      await ended;
    });

    test("a daemon that dies while a connect waits refuses the connection", async () => {
      await using store = await startXenstored();
      await using _full = await fillBacklog(store);
      const refused = assertRejects(() => connect(`unix:${store.socket}`), ConnectionError);
      await store.kill();
      assertEquals((await refused).code, "ECONNREFUSED");
    });

    test("a full backlog is no stale socket: a daemon does not listen in its place", async () => {
      await using store = await startXenstored();
      await using _full = await fillBacklog(store);
      assertEquals(codeOf(await assertRejects(() => probeUnix(store.socket), Error)), "EAGAIN");
      const error = await assertRejects(
        () => listen(store.socket, () => ({ receive() {}, drained() {}, closed() {} })),
        Error,
      );
      assertEquals(codeOf(error), "EADDRINUSE");
      process.kill(store.pid, "SIGCONT");
      await using client = await connect(`unix:${store.socket}`);
      assertEquals(await client.list("/tool"), ["xenstored"]);
    });
  });

  test("connecting to a socket that is no stream fails with EPROTOTYPE", { timeout }, async () => {
    await inDirectory(async (directory) => {
      const path = join(directory, "datagrams");
      const program =
        "import socket, sys; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(sys.argv[1]); " +
        "print('bound', flush=True); sys.stdin.read()";
      const python = spawn("python3", ["-c", program, path], { stdio: ["pipe", "pipe", "inherit"] });
      const ended = once(python, "close");
      await once(python.stdout, "data");
      const error = await assertRejects(() => connect(`unix:${path}`), ConnectionError);
      assertEquals(error.code, "EPROTOTYPE");
      const blocking = assertThrows(() => openBlocking(`unix:${path}`), ConnectionError);
      assertEquals([blocking.code, blocking.message], [error.code, error.message]);
      python.stdin.end();
      await ended;
    });
  });

  for (const kind of kinds) {
    describe(`opening a blocking handle over ${kind}`, { timeout }, () => {
      test("waits while the backlog of the C daemon is full", async () => {
        await using store = await startXenstored();
        await using _full = await fillBacklog(store);
        // This thread is blocked until another process wakes the daemon.
        spawn("sh", ["-c", `sleep ${REST_MS / 1000}; kill -CONT ${store.pid}`], { stdio: "ignore" }).unref();
        const exchange = new Exchange(openBlocking(`unix:${store.socket}`, { transport: kind }).transport);
        const answer = exchange.ask(Operation.DIRECTORY, 0, ["/tool"]);
        assertEquals(typeof answer === "string" ? answer : new TextDecoder().decode(answer), "xenstored\0");
        exchange.close();
      });
    });
  }
});
