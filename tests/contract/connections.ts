// The contract: the life of a connection.

import { describe, test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { ConnectionError, InvalidOperationError, Operation, XenStoreError } from "../../mod.ts";
import { collect, scratch } from "./scratch.ts";
import type { Store } from "./store.ts";

/** The life of a connection. */
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

    test("a client that was closed can connect again", async () => {
      await at.client.connect();
      assertEquals(await at.client.getDomainPath(7), "/local/domain/7");
    });

    test("a transaction that was open when its connection ended is dropped", async () => {
      const transaction = await at.client.transaction();
      await transaction.write(path("dropped"), "1");
      await at.client.close();
      await at.client.connect();
      assertEquals(await at.other.exists(path("dropped")), false);
      await assertRejects(() => transaction.commit(), ConnectionError);
    });

    test("resetWatches() drops the watches of a socket's client, and is refused over the device", async () => {
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

    test("execute() gives the bytes of a reply, and refuses what is no request", async () => {
      const reply = await at.client.execute(Operation.GET_DOMAIN_PATH, ["3"]);
      assertEquals(new TextDecoder().decode(reply), "/local/domain/3\0");
      for (const type of [20, 128, 27, Operation.ERROR, Operation.WATCH_EVENT]) {
        await assertRejects(() => at.client.execute(type as Operation, []), InvalidOperationError);
      }
    });

    test("an aborted request rejects with the signal's reason, and the connection goes on", async () => {
      const abort = new AbortController();
      const reading = at.client.read(path("x"), { signal: abort.signal });
      abort.abort(new Error("enough"));
      await assertRejects(() => reading, Error, "enough");
      assertEquals(await at.client.getDomainPath(1), "/local/domain/1");
    });

    test("a store that knows no features says ENOSYS", async () => {
      const features = await at.client.getFeature().catch((error: XenStoreError) => error.code);
      assertEquals(features === "ENOSYS" || typeof features === "number", true);
    });
  });
}
