// The contract: connections.

import { describe, test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { ConnectionError, InvalidOperationError, Operation, XenStoreError } from "../../mod.ts";
import { collect, scratch } from "./scratch.ts";
import type { Store } from "./store.ts";

/** Declares the tests of connections. */
export function connectionsContract(store: Store): void {
  describe(`${store.name}: connections`, () => {
    const at = scratch(store, "connections");
    const { path } = at;

    test("close() fails pending requests, ends monitors, and may be called again", async () => {
      const monitor = at.client.monitor();
      await monitor.watch(path("x"));
      await collect(monitor, () => true);
      const waiting = assertRejects(() => at.client.read(path("x")), ConnectionError, "closed");
      const next = monitor.wait().next();
      await at.client.close();
      await at.client.close();
      await waiting;
      assertEquals((await next).done, true);
      assertEquals(at.client.isConnected, false);
      await assertRejects(() => at.client.read(path("x")), ConnectionError, "closed");
      await assertRejects(() => at.client.transaction(), ConnectionError, "closed");
    });

    test("a closed client can connect again", async () => {
      await at.client.connect();
      assertEquals(await at.client.getDomainPath(7), "/local/domain/7");
    });

    test("an open transaction is rolled back when its connection ends", async () => {
      const transaction = await at.client.transaction();
      await transaction.write(path("dropped"), "1");
      await at.client.close();
      await at.client.connect();
      assertEquals(await at.other.exists(path("dropped")), false);
      await assertRejects(() => transaction.commit(), ConnectionError);
    });

    test("resetWatches() drops the watches of a client of a socket, and fails over the device", async () => {
      await using monitor = at.client.monitor();
      await monitor.watch(path("reset"), "r");
      await collect(monitor, () => true);
      if (store.device) {
        await assertRejects(() => at.client.resetWatches(), XenStoreError, "the kernel's own watches");
        return;
      }
      await at.client.resetWatches();
      assertEquals(monitor.watched.size, 0);
      await at.client.write(path("reset"), "1");
      await monitor.watch(path("reset"), "again");
      const [event] = await collect(monitor, () => true);
      assertEquals(event, { type: "change", path: path("reset"), token: "again" });
    });

    test("execute() returns the bytes of a reply, and rejects a type that is not a request", async () => {
      const reply = await at.client.execute(Operation.GET_DOMAIN_PATH, ["3"]);
      assertEquals(new TextDecoder().decode(reply), "/local/domain/3\0");
      for (const type of [20, 128, 27, Operation.ERROR, Operation.WATCH_EVENT]) {
        await assertRejects(() => at.client.execute(type as Operation, []), InvalidOperationError);
      }
    });

    test("an aborted request rejects with the signal's reason, and the connection stays usable", async () => {
      const abort = new AbortController();
      const reading = at.client.read(path("x"), { signal: abort.signal });
      abort.abort(new Error("enough"));
      await assertRejects(() => reading, Error, "enough");
      assertEquals(await at.client.getDomainPath(1), "/local/domain/1");
    });

    test("getFeature() resolves with a number, or rejects with ENOSYS if the store has no features", async () => {
      const features = await at.client.getFeature().catch((error: XenStoreError) => error.code);
      assertEquals(features === "ENOSYS" || typeof features === "number", true);
    });
  });
}
