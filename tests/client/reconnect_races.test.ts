// Connecting again while other things are under way.

import { describe, test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { ConnectionError } from "../../src/transport/errors.ts";
import { atOnce, quiet } from "../support/peer.ts";
import { Stores } from "../support/stores.ts";
import { take } from "../support/watching.ts";

describe("reconnecting, races", () => {
  test("a change event follows for every watch, although one of the same path waits already", async () => {
    const stores = new Stores();
    const client = await stores.connect();
    const monitor = client.monitor();
    await monitor.watch("/a", "t");
    await client.read("/a");
    stores.newest.cut();
    await stores.status("reconnected");
    await client.read("/a");
    const events = await take(monitor.wait(), 2);
    // The earlier event may be taken or not; one must follow the reconnection.
    const [last] = events.at(-1) === "reconnected" ? await atOnce(take(monitor.wait(), 1)) : events.slice(-1);
    assertEquals(last, "/a t");
  });

  test("an event that waits of a watch that is gone hides none of a watch that is there", async () => {
    const stores = new Stores();
    const client = await stores.connect();
    const monitor = client.monitor();
    await monitor.watch("/a", "gone");
    await monitor.watch("/a", "stays");
    await client.read("/a");
    const events = monitor.wait({ unwatched: true });
    await monitor.unwatch("/a", "gone");
    stores.newest.cut();
    await stores.status("reconnected");
    await client.read("/a");
    stores.change("/a");
    await client.read("/a");
    const taken = await atOnce(take(events, 3));
    const behind = taken.slice(taken.indexOf("reconnected") + 1);
    assertEquals(behind.length > 0 ? behind : await atOnce(take(events, 1)), ["/a stays"]);
  });

  test("connect() during a reconnection makes no second connection", async () => {
    const stores = new Stores();
    const client = await stores.connect();
    const monitor = client.monitor();
    await monitor.watch("/a", "t");
    await take(monitor.wait(), 1);
    stores.hold();
    stores.newest.cut();
    await stores.attempted;
    const connecting = client.connect();
    stores.release();
    await connecting;
    assertEquals(client.isConnected, true);
    assertEquals(await atOnce(take(monitor.wait(), 2)), ["reconnected", "/a t"]);
    await quiet();
    assertEquals(stores.live, 1);
    stores.change("/a");
    assertEquals(await take(monitor.wait(), 1), ["/a t"]);
  });

  test("a connection that is lost again while watches are set is made again", async () => {
    const stores = new Stores();
    const client = await stores.connect();
    const monitor = client.monitor();
    await monitor.watch("/a", "t");
    await take(monitor.wait(), 1);
    stores.newest.cut();
    await stores.status("reconnected");
    stores.newest.cut();
    await stores.status("reconnected");
    await client.read("/a");
    assertEquals(stores.watches, ["/a"]);
    assertEquals([...monitor.watched], ["/a"]);
  });

  test("close() after a second loss says that it is closed", async () => {
    const stores = new Stores();
    const client = await stores.connect();
    const monitor = client.monitor();
    await monitor.watch("/a", "t");
    stores.newest.cut();
    await stores.status("reconnected");
    stores.hold();
    stores.newest.cut();
    await stores.status("disconnected");
    await stores.attempted;
    await client.close();
    await atOnce(stores.status("closed"));
    stores.release();
    await quiet();
    assertEquals([client.isConnected, stores.live], [false, 0]);
  });

  test("unwatch() during a reconnection fails, and the watch is not set again", async () => {
    const stores = new Stores();
    const client = await stores.connect();
    const monitor = client.monitor();
    await monitor.watch("/a", "t");
    await monitor.watch("/b", "t");
    stores.newest.cut();
    await stores.status("disconnected");
    await assertRejects(() => monitor.unwatch("/a", "t"), ConnectionError);
    await stores.status("reconnected");
    await client.read("/a");
    assertEquals(stores.watches, ["/b"]);
  });

  test("unwatch() while the watches are set again leaves no watch in the store", async () => {
    for (const options of [{}, { depth: 1 }]) {
      const stores = new Stores();
      const client = await stores.connect();
      const monitor = client.monitor();
      await monitor.watch("/a", "t", options);
      stores.newest.cut();
      await stores.status("reconnected");
      await monitor.unwatch("/a", "t");
      await client.read("/a");
      await quiet();
      assertEquals(stores.watches, [], JSON.stringify(options));
    }
  });

  test("a monitor that is closed during a reconnection sets no watch again", async () => {
    const stores = new Stores();
    const client = await stores.connect();
    const monitor = client.monitor();
    await monitor.watch("/a", "t");
    stores.newest.cut();
    await stores.status("disconnected");
    await monitor.close();
    await stores.status("reconnected");
    await client.read("/a");
    assertEquals(stores.watches, []);
  });

  test("a watch under way fails, and is not set again", async () => {
    const stores = new Stores();
    const client = await stores.connect();
    const monitor = client.monitor();
    stores.newest.serve(() => {});
    const watching = monitor.watch("/a", "t");
    const rejected = assertRejects(() => watching, ConnectionError);
    stores.newest.cut();
    await rejected;
    await stores.status("reconnected");
    await client.read("/a");
    assertEquals(stores.watches, []);
    await monitor.watch("/a", "t");
    assertEquals(stores.watches, ["/a"]);
  });

  test("connect() is over when the client is closed, though the next store has not opened", async () => {
    const stores = new Stores();
    const client = await stores.connect();
    stores.hold();
    stores.newest.cut();
    await stores.attempted;
    const connecting = client.connect();
    await client.close();
    await assertRejects(() => connecting, ConnectionError, "closed");
    stores.release();
    await quiet();
    assertEquals(stores.live, 0);
  });
});
