// Connecting again after the connection was lost: what goes on, what is over, and what is said of it.

import { describe, test } from "node:test";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Client, connect } from "../../src/client/client.ts";
import type { Status } from "../../src/client/status.ts";
import { ConnectionError } from "../../src/transport/errors.ts";
import { codedError } from "../../src/wire/system_errors.ts";
import { XenStoreError } from "../../src/wire/errors.ts";
import { Peer } from "../support/peer.ts";
import { Stores } from "../support/stores.ts";
import { take } from "../support/watching.ts";

const noPause = { initial: 0, max: 0 };

describe("reconnecting", () => {
  test("sets every watch again, and says so in every monitor", async () => {
    const stores = new Stores();
    const client = await stores.connect();
    const monitors = [client.monitor(), client.monitor()] as const;
    await monitors[0].watch("/a", "t");
    await monitors[0].watch("/b", "u");
    await monitors[1].watch("/a", "t");
    assertEquals(await take(monitors[0].wait(), 2), ["/a t", "/b u"]);
    assertEquals(await take(monitors[1].wait(), 1), ["/a t"]);
    stores.newest.cut();
    const after = await take(monitors[0].wait(), 3);
    assertEquals([after[0], after.slice(1).sort()], ["reconnected", ["/a t", "/b u"]]);
    assertEquals(await take(monitors[1].wait(), 2), ["reconnected", "/a t"]);
    stores.change("/b");
    assertEquals(await take(monitors[0].wait(), 1), ["/b u"]);
    assertEquals(stores.opened, 2);
  });

  test("says in order what becomes of the connection", async () => {
    const stores = new Stores();
    const client = await stores.connect();
    stores.newest.cut();
    await stores.status("reconnected");
    await client.close();
    await stores.status("closed");
    assertEquals(stores.seen.map(({ type }) => type), ["connected", "disconnected", "reconnected", "closed"]);
    const [, disconnected, reconnected, closed] = stores.seen;
    assert(disconnected?.type === "disconnected" && reconnected?.type === "reconnected" && closed?.type === "closed");
    assertEquals([disconnected.error.code, reconnected.attempts, reconnected.address], ["ECONNRESET", 1, "transport"]);
    assertEquals(closed.error, undefined);
  });

  test("fails pending and intermediate requests, and serves later ones", async () => {
    const stores = new Stores();
    const client = await stores.connect();
    stores.newest.serve(() => {});
    const waiting = client.read("/a");
    stores.newest.cut();
    await assertRejects(() => waiting, ConnectionError);
    await assertRejects(() => client.read("/b"), ConnectionError);
    assertEquals(client.isConnected, false);
    await stores.status("reconnected");
    assertEquals(client.isConnected, true);
    await client.write("/a", "v");
  });

  test("never goes on with a transaction", async () => {
    const stores = new Stores();
    const client = await stores.connect();
    const transaction = await client.transaction();
    stores.newest.cut();
    await stores.status("reconnected");
    await assertRejects(() => transaction.read("/a"), ConnectionError);
    await assertRejects(() => transaction.commit(), ConnectionError);
    const disposed = await client.transaction();
    stores.newest.cut();
    await stores.status("reconnected");
    await disposed[Symbol.asyncDispose]();
    assertEquals(stores.newest.waiting, []);
  });

  test("tries as often as it is told, and then ends with the last failure", async () => {
    const stores = new Stores();
    const client = await stores.connect({ attempts: 3 });
    const waiting = client.monitor().wait().next();
    stores.fail = codedError("ECONNREFUSED", "no store is there");
    stores.newest.cut();
    await assertRejects(() => waiting, XenStoreError);
    await stores.status("closed");
    assertEquals([stores.opened, client.isConnected], [4, false]);
    await assertRejects(() => client.read("/a"), ConnectionError);
    stores.fail = null;
    await client.connect();
    await client.write("/a", "v");
  });

  test("counts its attempts anew for each loss, and reports how many it took", async () => {
    const stores = new Stores();
    const client = await stores.connect({ attempts: 3 });
    for (const expected of [3, 3, 1]) {
      stores.failures = expected - 1;
      stores.newest.cut();
      const status = await stores.status("reconnected");
      assertEquals(status.type === "reconnected" && status.attempts, expected);
    }
    await client.close();
  });

  test("close() ends it, during a pause and during an attempt", async () => {
    for (const during of ["pause", "attempt"] as const) {
      const stores = new Stores();
      const client = await stores.connect({ backoff: during === "pause" ? { initial: 1e8, max: 1e8 } : noPause });
      const waiting = client.monitor().wait().next();
      if (during === "attempt") stores.hold();
      stores.newest.cut();
      await stores.status("disconnected");
      if (during === "attempt") await stores.attempted;
      await Promise.all([client.close(), client.close()]);
      assertEquals((await waiting).done, true);
      await stores.status("closed");
      stores.release();
      await assertRejects(() => client.read("/a"), ConnectionError);
      assertEquals(stores.seen.map(({ type }) => type), ["connected", "disconnected", "closed"]);
      if (during === "attempt") await stores.newest.ended;
    }
  });

  test("does not happen after close()", async () => {
    const stores = new Stores();
    const client = await stores.connect();
    await client.close();
    await stores.status("closed");
    assertEquals(stores.opened, 1);
  });

  test("a watch that the new store refuses ends its monitor alone, with the store's error", async () => {
    const stores = new Stores();
    const client = await stores.connect();
    const monitors = [client.monitor(), client.monitor()] as const;
    await monitors[0].watch("/refused", "t");
    await monitors[1].watch("/a", "t");
    await take(monitors[0].wait(), 1);
    await take(monitors[1].wait(), 1);
    stores.refused = "/refused";
    stores.newest.cut();
    const events = monitors[0].wait();
    assertEquals(await take(events, 1), ["reconnected"]);
    assertEquals((await events.next()).value?.type, "resync");
    const error = await assertRejects(() => events.next(), XenStoreError);
    assertEquals([error.code, error.path], ["ENOSPC", "/refused"]);
    assertEquals(await take(monitors[1].wait(), 2), ["reconnected", "/a t"]);
  });

  test("asks the new store anew whether it knows depth", async () => {
    const stores = new Stores();
    const client = await stores.connect();
    const monitor = client.monitor();
    await monitor.watch("/a", "t", { depth: 1 });
    assertEquals(stores.watches, ["/a|1"]);
    stores.features = "0";
    stores.newest.cut();
    await stores.status("reconnected");
    assertEquals((await take(monitor.wait(), 3)).includes("reconnected"), true);
    assertEquals(stores.watches, ["/a"]);
  });

  test("waitFor() goes on over the new connection", async () => {
    const stores = new Stores();
    const client = await stores.connect();
    let asked = 0;
    const waiting = client.waitFor("/a", () => {
      if (++asked === 1) stores.newest.cut();
      return asked > 2;
    });
    await stores.status("reconnected");
    await waiting;
  });

  test("does not happen by default", async () => {
    const stores = new Stores();
    const client = await connect(() => stores.open(), { onStatus: (status: Status) => stores.report(status) });
    const events = client.monitor().wait();
    stores.newest.cut();
    await assertRejects(() => events.next(), ConnectionError);
    await stores.status("closed");
    assertEquals(stores.opened, 1);
  });

  test("is refused over an open transport, and with invalid attempts or pauses", () => {
    const { transport } = new Peer();
    assertThrows(() => new Client(transport, { reconnect: true }), TypeError, "function");
    for (const reconnect of [{ attempts: NaN }, { attempts: 0 }, { backoff: { initial: -1 } }]) {
      assertThrows(() => new Client("embedded:", { reconnect }), RangeError);
    }
  });
});
