// Real daemons that are killed.

import { existsSync } from "node:fs";
import process from "node:process";
import { describe, test } from "node:test";
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { connect, ConnectionError, type Status } from "../../mod.ts";
import { collect, until } from "../contract/scratch.ts";
import { quiet } from "../support/peer.ts";
import { startOxenstored, startXenbus, startXenstored } from "./daemons.ts";
import { withPeers } from "./peers.ts";

withPeers("real daemons that are killed", () => {
  for (const start of [startXenstored, startOxenstored]) {
    describe(`${start === startXenstored ? "xenstored" : "oxenstored"} that is killed`, () => {
      test("every pending and every later request fails with a ConnectionError if the daemon is killed", async () => {
        await using store = await start();
        await using client = await connect(`unix:${store.socket}`);
        const monitor = client.monitor();
        await monitor.watch("/tool");
        await collect(monitor, () => true);
        const waiting = assertRejects(() => monitor.wait().next(), ConnectionError);
        const wanted = assertRejects(() => client.waitFor("/tool/never", () => false), ConnectionError);
        await client.read("/tool");
        process.kill(store.pid, "SIGSTOP");
        const reads = Array.from({ length: 500 }, () => client.read("/tool").then(() => null, (error) => error));
        await store.kill();
        for (const error of await Promise.all(reads)) {
          assertInstanceOf(error, ConnectionError);
          assertEquals([error.operation, error.path], ["READ", "/tool"]);
        }
        await waiting;
        await wanted;
        await assertRejects(() => client.read("/tool"), ConnectionError);
        assertEquals(client.isConnected, false);
      });

      test("connect() to a killed daemon's socket fails with ECONNREFUSED and names the socket", async () => {
        await using store = await start();
        await store.kill();
        assert(existsSync(store.socket));
        const error = await assertRejects(() => connect(`unix:${store.socket}`), ConnectionError, store.socket);
        assertEquals(error.code, "ECONNREFUSED");
      });
    });
  }

  describe("a client that reconnects", () => {
    test("a client reconnects to a restarted daemon, sets its watches again and reports it", async () => {
      const first = await startXenstored();
      let at = `unix:${first.socket}`;
      const statuses: Status[] = [];
      const { openTransport } = await import("../../src/transport/open.ts");
      await using client = await connect(async () => (await openTransport(at)).transport, {
        reconnect: { attempts: 1000, backoff: { initial: 5, max: 20 } },
        onStatus: (status) => statuses.push(status),
      });
      await using monitor = client.monitor();
      await monitor.watch("/tool/x", "token");
      await collect(monitor, () => true);
      const transaction = await client.transaction();
      await first.stop();
      await using second = await startXenstored();
      at = `unix:${second.socket}`;
      await collect(monitor, (events) => events.at(-1)?.type === "reconnected");
      await until(monitor, "/tool/x");
      await client.write("/tool/x", "1");
      await until(monitor, "/tool/x");
      await assertRejects(() => transaction.commit(), ConnectionError);
      assertEquals(statuses.map(({ type }) => type), ["connected", "disconnected", "reconnected"]);
    });
  });

  for (const start of [startXenstored, startOxenstored]) {
    const name = start === startXenstored ? "xenstored" : "oxenstored";

    test(`waitFor() goes on if ${name} is replaced while its own read is under way`, async () => {
      const first = await start();
      let at = `unix:${first.socket}`;
      const { openTransport } = await import("../../src/transport/open.ts");
      await using client = await connect(async () => (await openTransport(at)).transport, {
        reconnect: { attempts: 1000, backoff: { initial: 5, max: 20 } },
      });
      const path = "/tool/replaced";
      let stop = () => {};
      const stopped = new Promise<void>((resolve) => stop = resolve);
      let runs = 0;
      const waiting = client.waitFor(path, async (value) => {
        if (++runs > 1) return value !== null && value.length > 0;
        await using monitor = client.monitor();
        await monitor.watch(path);
        await until(monitor, path);
        // The event of this change causes a read, which the stopped daemon does not answer.
        await client.mkdir(path);
        await until(monitor, path);
        process.kill(first.pid, "SIGSTOP");
        stop();
        return false;
      });
      await stopped;
      await quiet();
      await first.stop();
      await using second = await start();
      at = `unix:${second.socket}`;
      await using other = await connect(at);
      await other.write(path, "ready");
      assertEquals(new TextDecoder().decode(await waiting ?? undefined), "ready");
    });
  }

  describe("the stand-in for the device", () => {
    test("pending and later requests over the device fail with a ConnectionError if the daemon is killed", async () => {
      await using store = await startXenstored();
      await using device = await startXenbus(store.socket);
      await using client = await connect(`xenbus:${device.path}`);
      await using monitor = client.monitor();
      await monitor.watch("/tool");
      await collect(monitor, () => true);
      const waiting = assertRejects(() => monitor.wait().next(), ConnectionError);
      await store.kill();
      await waiting;
      await assertRejects(() => client.read("/tool"), ConnectionError);
    });
  });
});
