// Watches that deliver values: in order, merged, and with what was there before.

import { describe, test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { connect } from "../../src/client/client.ts";
import type { MonitorEvent } from "../../src/client/watch_events.ts";
import { Daemon } from "../../src/daemon/mod.ts";
import { connected } from "../support/peer.ts";
import { Stores } from "../support/stores.ts";
import { watch } from "../support/watching.ts";

const decoder = new TextDecoder();
const text = (value: Uint8Array | null) => value === null ? null : decoder.decode(value);

/** The next event in short: `"/a: old -> new"`. */
async function next(events: AsyncIterator<MonitorEvent>): Promise<string> {
  const { value: event } = await events.next();
  if (event?.type !== "value") return event?.type ?? "end";
  return `${event.path}: ${text(event.previous)} -> ${text(event.value)}`;
}

describe("a watch with values", () => {
  test("delivers each value with the one before, and null for a node that does not exist", async () => {
    await using store = await connect("embedded:");
    await using monitor = store.monitor();
    await monitor.watch("/a", "t", { values: true });
    const events = monitor.wait();
    const seen = [await next(events)];
    for (const value of ["1", "2"]) {
      await store.write("/a", value);
      seen.push(await next(events));
    }
    await store.write("/a/b", "below");
    seen.push(await next(events));
    await store.delete("/a");
    seen.push(await next(events));
    await store.write("/a/b", "again");
    seen.push(await next(events));
    assertEquals(seen, [
      "/a: null -> null",
      "/a: null -> 1",
      "/a: 1 -> 2",
      "/a/b: null -> below",
      "/a: 2 -> null",
      "/a/b: null -> again",
    ]);
  });

  test("reads once for events of one node that wait, and delivers no value that did not change", async () => {
    await using store = await connect("embedded:");
    await using monitor = store.monitor();
    await monitor.watch("/a", "t", { values: true, initial: false });
    for (let i = 0; i < 10; i++) await store.write("/a", `${i}`);
    const events = monitor.wait();
    const first = await next(events);
    await store.write("/a", "9");
    await store.write("/b", "other");
    await store.write("/a", "10");
    assertEquals([first, await next(events)], ["/a: null -> 9", "/a: 9 -> 10"]);
  });

  test("reads each node at most once for all of its events that wait together", async () => {
    const { client, peer } = await connected();
    const monitor = client.monitor();
    const wire = await watch(peer, monitor, "/a", "t", { values: true });
    const reads = new Map<string, number>();
    let turn = 0;
    peer.serve((request) => {
      if (!request.text.startsWith("READ ")) return request.reply("x");
      reads.set(request.path, (reads.get(request.path) ?? 0) + 1);
      request.reply(new TextEncoder().encode(`${turn}`));
    });
    const events = monitor.wait();
    for (turn = 1; turn <= 20; turn++) {
      for (let i = 0; i < 1000; i++) peer.event(`/a/${i % 10}`, wire);
      await client.getDomainPath(0);
      const seen = await Promise.all(Array.from({ length: 10 }, () => next(events)));
      assertEquals(seen, seen.map((_, i) => `/a/${i}: ${turn === 1 ? null : turn - 1} -> ${turn}`));
    }
    assertEquals([...reads.values()], Array.from({ length: 10 }, () => 20));
  });

  test("reads a node once more for all events that come during its read", async () => {
    const { client, peer } = await connected();
    const monitor = client.monitor();
    const wire = await watch(peer, monitor, "/a", "t", { values: true });
    const events = monitor.wait();
    peer.event("/a", wire);
    const first = next(events);
    const slow = await peer.expect("READ /a|");
    for (let i = 0; i < 1000; i++) peer.event("/a", wire);
    slow.reply(new TextEncoder().encode("old"));
    assertEquals(await first, "/a: null -> old");
    const second = next(events);
    (await peer.expect("READ /a|")).reply(new TextEncoder().encode("new"));
    assertEquals(await second, "/a: old -> new");
    const asking = client.getDomainPath(0);
    (await peer.expect("GET_DOMAIN_PATH 0|")).reply("x");
    await asking;
  });

  test("delivers in order if two loops wait and the first read is slow", async () => {
    const { client, peer } = await connected();
    const monitor = client.monitor();
    const wire = await watch(peer, monitor, "/a", "t", { values: true });
    const events = monitor.wait();
    const both = [next(events), next(monitor.wait())];
    peer.event("/a", wire);
    const slow = await peer.expect("READ /a|");
    peer.event("/a", wire);
    // The second read must not start before the first has ended.
    const asking = client.getDomainPath(0);
    (await peer.expect("GET_DOMAIN_PATH 0|")).reply("x");
    await asking;
    slow.reply(new TextEncoder().encode("old"));
    (await peer.expect("READ /a|")).reply(new TextEncoder().encode("new"));
    assertEquals(await Promise.all(both), ["/a: null -> old", "/a: old -> new"]);
  });

  test("counts a node that a guest may not read as one that does not exist", async () => {
    await using daemon = new Daemon();
    await using host = await connect(daemon.connect());
    await host.write("/secret", "x");
    daemon.introduceDomain(5);
    await using guest = await connect(daemon.connect({ domid: 5 }));
    await using monitor = guest.monitor();
    await monitor.watch("/secret", "t", { values: true });
    assertEquals(await next(monitor.wait()), "/secret: null -> null");
  });

  test("reads again after a reconnection, and delivers only what changed", async () => {
    const stores = new Stores();
    const client = await stores.connect();
    const monitor = client.monitor();
    await monitor.watch("/a", "t", { values: true });
    const events = monitor.wait();
    assertEquals(await next(events), "/a: null -> ");
    stores.newest.cut();
    assertEquals([await next(events), await next(events)], ["reconnected", "resync"]);
    await client.close();
    assertEquals(await next(events), "end");
  });

  test("does not lose a value if its loop is aborted during the read", async () => {
    const { client, peer } = await connected();
    const monitor = client.monitor();
    const wire = await watch(peer, monitor, "/a", "t", { values: true });
    const controller = new AbortController();
    const aborted = next(monitor.wait({ signal: controller.signal }));
    peer.event("/a", wire);
    const first = await peer.expect("READ /a|");
    controller.abort(new Error("enough"));
    await assertRejects(() => aborted, Error, "enough");
    first.reply(new TextEncoder().encode("unseen"));
    const again = next(monitor.wait());
    (await peer.expect("READ /a|")).reply(new TextEncoder().encode("seen"));
    assertEquals(await again, "/a: null -> seen");
  });

  test("lets a loop end by its signal while it waits for the read of another loop, and loses no value", async () => {
    const { client, peer } = await connected();
    const monitor = client.monitor();
    const wire = await watch(peer, monitor, "/a", "t", { values: true });
    const first = next(monitor.wait());
    const controller = new AbortController();
    const aborted = next(monitor.wait({ signal: controller.signal }));
    peer.event("/a", wire);
    const slow = await peer.expect("READ /a|");
    peer.event("/a/b", wire);
    const asking = client.getDomainPath(0);
    (await peer.expect("GET_DOMAIN_PATH 0|")).reply("x");
    await asking;
    controller.abort(new Error("enough"));
    await assertRejects(() => aborted, Error, "enough");
    const again = next(monitor.wait());
    slow.reply(new TextEncoder().encode("old"));
    (await peer.expect("READ /a/b|")).reply(new TextEncoder().encode("seen"));
    assertEquals([await first, await again], ["/a: null -> old", "/a/b: null -> seen"]);
  });

  test("delivers the removal of a node whose value it has not delivered, and delivers it once", async () => {
    await using store = await connect("embedded:");
    await store.write("/a/old", "x");
    await using monitor = store.monitor();
    await monitor.watch("/a", "t", { values: true, initial: false });
    const events = monitor.wait();
    await store.delete("/a/old");
    assertEquals(await next(events), "/a/old: null -> null");
    await store.write("/a/old", "y");
    await store.delete("/a/old");
    await store.write("/a/end", "1");
    assertEquals(await next(events), "/a/end: null -> 1");
    await store.write("/a/old", "y");
    assertEquals(await next(events), "/a/old: null -> y");
    await store.delete("/a/old");
    assertEquals(await next(events), "/a/old: y -> null");
  });

  test("is refused for a special node", async () => {
    await using store = await connect("embedded:");
    await using monitor = store.monitor();
    await assertRejects(
      () => monitor.watch("@introduceDomain", "t", { values: true }),
      RangeError,
      'WATCH "@introduceDomain": this node has no value',
    );
  });
});
