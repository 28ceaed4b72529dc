// Which watches must be read again after events were lost, and watches without their first event.

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import type { MonitorEvent } from "../../src/client/watch_events.ts";
import { connected } from "../support/peer.ts";
import { Stores } from "../support/stores.ts";
import { take, watch } from "../support/watching.ts";

/** The next events, without those of type change. */
async function others(events: AsyncIterator<MonitorEvent>, count: number): Promise<unknown[]> {
  const found: unknown[] = [];
  while (found.length < count) {
    const { value } = await events.next();
    if (value?.type !== "change") found.push(value);
  }
  return found;
}

describe("a resync event", () => {
  test("follows an overflow, and names only the watches that lost events", async () => {
    const { client, peer } = await connected();
    const monitor = client.monitor({ limit: 2 });
    const quietWire = await watch(peer, monitor, "/quiet", "q");
    const busyWire = await watch(peer, monitor, "/busy", "b");
    peer.event("/quiet", quietWire);
    for (let i = 0; i < 5; i++) peer.event(`/busy/${i}`, busyWire);
    const asking = client.getDomainPath(0);
    (await peer.next()).reply("x");
    await asking;
    assertEquals(await others(monitor.wait(), 2), [
      { type: "overflow", lost: 4 },
      { type: "resync", watches: [{ path: "/busy", token: "b" }] },
    ]);
  });

  test("follows a reconnection, and names all watches", async () => {
    const stores = new Stores();
    const client = await stores.connect();
    const monitor = client.monitor();
    await monitor.watch("/a", "1");
    await monitor.watch("/b", "2");
    stores.newest.cut();
    const watches = [{ path: "/a", token: "1" }, { path: "/b", token: "2" }];
    assertEquals(await others(monitor.wait(), 2), [{ type: "reconnected" }, { type: "resync", watches }]);
  });
});

describe("a watch with initial: false", () => {
  test("suppresses the event for setting the watch, and no other", async () => {
    const { client, peer } = await connected();
    const monitor = client.monitor();
    const wire = await watch(peer, monitor, "/a", "t", { initial: false });
    for (const path of ["/a", "/a", "/a/b"]) peer.event(path, wire);
    assertEquals(await take(monitor.wait(), 2), ["/a t", "/a/b t"]);
  });

  test("suppresses that event again after a reconnection", async () => {
    const stores = new Stores();
    const client = await stores.connect();
    const monitor = client.monitor();
    await monitor.watch("/a", "t", { initial: false });
    stores.newest.cut();
    await stores.status("reconnected");
    const events = monitor.wait();
    assertEquals(await take(events, 1), ["reconnected"]);
    // The store answers in order: by then it has sent the event for setting the watch.
    await client.getDomainPath(0);
    stores.change("/a");
    assertEquals(await take(events, 1), ["/a t"]);
  });
});
