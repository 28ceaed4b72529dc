// The option poll of a client: what is accepted, and that nothing but the time of a reply changes.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Client, connect } from "../../src/client/client.ts";
import { Daemon } from "../../src/daemon/mod.ts";
import { memoryPair } from "../../src/transport/memory.ts";
import { SOCKET_TRAITS } from "../../src/transport/transport.ts";
import { shown } from "../../src/wire/checks.ts";
import { timeout } from "../support/limits.ts";
import { commandOf, runCommand } from "../support/program.ts";
import { inDirectory } from "../support/socket.ts";

const module = JSON.stringify(new URL("../../mod.ts", import.meta.url).href);

/** Runs with the address of a daemon on a socket. */
async function withDaemon(run: (address: string, daemon: Daemon) => Promise<void>): Promise<void> {
  await inDirectory(async (directory) => {
    await using daemon = new Daemon();
    const { path } = await daemon.listen(join(directory, "socket"));
    await run(`unix:${path}`, daemon);
  });
}

/** What requests of all kinds result in. */
async function results(address: string, poll: number): Promise<unknown[]> {
  await using store = await connect(address, { poll });
  const monitor = store.monitor();
  await monitor.watch("/tool/poll");
  const all: unknown[] = [];
  await store.write("/tool/poll/a", "1");
  all.push(await store.readText("/tool/poll/a"), await store.list("/tool/poll"), await store.exists("/none"));
  all.push(await store.read("/none").catch((error: Error) => error.message));
  all.push(await Promise.all(Array.from({ length: 100 }, (_, i) => store.write(`/tool/poll/n${i}`, `${i}`))));
  all.push(await Promise.all(Array.from({ length: 100 }, (_, i) => store.readText(`/tool/poll/n${i}`))));
  all.push(await store.transact((transaction) => transaction.readText("/tool/poll/a")));
  await store.write("/tool/poll/large", "x".repeat(4000));
  all.push((await store.read("/tool/poll/large")).length);
  for await (const event of monitor) {
    all.push(event);
    if (event.type === "change" && event.path === "/tool/poll/large") break;
  }
  await store.delete("/tool/poll");
  return all;
}

describe("a client that polls", { timeout }, () => {
  test("gets the same replies and events as one that does not", async () => {
    await withDaemon(async (address) => {
      assertEquals(await results(address, 500), await results(address, 0));
    });
  });

  test("fails its pending requests if the daemon goes, and polls again after it has reconnected", async () => {
    await inDirectory(async (directory) => {
      const path = join(directory, "socket");
      await using first = new Daemon();
      await first.listen(path);
      const heard: Record<string, () => void> = {};
      const hears = (type: string) => new Promise<void>((resolve) => heard[type] = resolve);
      const [lost, back] = [hears("disconnected"), hears("reconnected")];
      await using store = await connect(`unix:${path}`, {
        poll: 500,
        reconnect: { attempts: 1000, backoff: { initial: 5, max: 5 } },
        onStatus: ({ type }) => heard[type]?.(),
      });
      await store.write("/tool/poll", "1");
      await first.close();
      await lost;
      await using second = new Daemon();
      await second.listen(path);
      await back;
      await store.write("/tool/poll", "2");
      assertEquals(await store.readText("/tool/poll"), "2");
    });
  });

  test("works with an embedded store, which needs no polling", async () => {
    await using store = await connect("embedded:", { poll: 100 });
    await store.write("/tool/poll", "1");
    assertEquals(await store.readText("/tool/poll"), "1");
  });

  test("keeps the bound after setBackend()", async () => {
    await withDaemon(async (address) => {
      await using store = new Client("embedded:", { poll: 100 });
      store.setBackend(address);
      await store.connect();
      assertEquals(await store.exists("/tool"), true);
    });
  });

  test("does not keep a program alive after unref(), also with a request that is pending", async () => {
    await inDirectory(async (directory) => {
      await using daemon = new Daemon();
      const { path } = await daemon.listen(join(directory, "socket"));
      const file = join(directory, "program.mts");
      writeFileSync(
        file,
        `import { connect } from ${module};
        const store = await connect(${JSON.stringify(`unix:${path}`)}, { poll: 1_000_000 });
        await store.write("/tool/poll", "1");
        void store.waitFor("/tool/never", (value) => value !== null);
        store.unref();
        console.log("ends");`,
      );
      const { code, stdout, stderr } = await runCommand(commandOf(file));
      assertEquals([code, stdout, stderr], [0, "ends\n", ""]);
    });
  });

  test("connect() and new Client() throw a RangeError if poll is no whole number up to 1,000,000", async () => {
    for (const poll of [-1, 1.5, 1_000_001, NaN, Infinity, 5n as never, "100" as never, null as never]) {
      const message = `poll is ${shown(poll)}: expected a whole number from 0 to 1000000`;
      assertThrows(() => new Client("embedded:", { poll }), RangeError, message);
      await assertRejects(() => connect("embedded:", { poll }), RangeError, message);
    }
  });

  test("connect() rejects with a TypeError if poll is set over a transport of the caller", async () => {
    const message = "cannot poll over a transport of your own: give an address, or leave poll out";
    const [transport] = memoryPair(SOCKET_TRAITS);
    for (const own of [transport, () => transport]) {
      await assertRejects(() => connect(own, { poll: 1 }), TypeError, message);
      assert(new Client(own, { poll: 0 }) instanceof Client);
    }
  });
});
