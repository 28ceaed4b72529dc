// What a monitor keeps for a reader that never takes events, and what its watches know after events were lost.

import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { connect } from "../../src/client/client.ts";
import type { Client } from "../../src/client/client.ts";
import type { MonitorEvent } from "../../src/client/watch_events.ts";
import { connected, Peer } from "../support/peer.ts";
import { Stores } from "../support/stores.ts";
import { watch } from "../support/watching.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (value: Uint8Array | null) => value === null ? null : new TextDecoder().decode(value);

/** The next event in short: `"/a: old -> new"`, or what was lost, or the paths to read again. */
async function next(events: AsyncIterator<MonitorEvent>): Promise<string> {
  const { value: event }: { value: MonitorEvent | undefined } = await events.next();
  switch (event?.type) {
    case "value":
      return `${event.path}: ${text(event.previous)} -> ${text(event.value)}`;
    case "overflow":
      return `${event.lost} lost`;
    case "resync":
      return `resync ${event.watches.map(({ path }) => path).join()}`;
    default:
      return event?.type ?? "end";
  }
}

async function all(events: AsyncIterator<MonitorEvent>, count: number): Promise<string[]> {
  const taken: string[] = [];
  while (taken.length < count) taken.push(await next(events));
  return taken;
}

/** Lets the client receive all that was sent to it. */
async function settled(peer: Peer, client: Client): Promise<void> {
  const asking = client.getDomainPath(0);
  (await peer.expect("GET_DOMAIN_PATH 0|")).reply("x");
  await asking;
}

describe("a monitor whose events are not taken", () => {
  test("tells of all lost events in few overflows after thousands of watches that came and went", async () => {
    const [limit, cycles] = [4, 1000];
    await using store = await connect("embedded:");
    const monitor = store.monitor({ limit });
    for (let i = 0; i < cycles; i++) {
      await monitor.watch("/a", "t");
      await Promise.all(Array.from({ length: 2 * limit }, (_, k) => store.write(`/a/${k}`, "")));
      await monitor.unwatch("/a", "t");
    }
    const told = { overflow: 0, change: 0, lost: 0 };
    const events = monitor.wait({ unwatched: true });
    await monitor.close();
    for await (const event of events) {
      if (event.type === "resync") continue;
      told[event.type === "overflow" ? "overflow" : "change"]++;
      if (event.type === "overflow") told.lost += event.lost;
    }
    assert(told.change <= limit && told.overflow <= limit + 1, JSON.stringify(told));
    // Each watch has its first event, too.
    assertEquals(told.lost + told.change, cycles * (2 * limit + 1));
  });

  test("names all watches to be read again if the notice of a reconnection was lost", async () => {
    const stores = new Stores();
    const client = await stores.connect();
    const monitor = client.monitor({ limit: 1 });
    await monitor.watch("/a", "1", { initial: false });
    await monitor.watch("/b", "2", { initial: false });
    stores.change("/a");
    await client.getDomainPath(0);
    stores.newest.cut();
    await stores.status("reconnected");
    await client.getDomainPath(0);
    const events = monitor.wait();
    assertEquals(await all(events, 3), ["change", "1 lost", "resync /a,/b"]);
  });
});

describe("a watch with values whose events were lost", () => {
  test("delivers the next value of each node anew after the overflow, also if it has not changed", async () => {
    const { client, peer } = await connected();
    const monitor = client.monitor({ limit: 2 });
    const wire = await watch(peer, monitor, "/a", "t", { values: true });
    const other = await watch(peer, monitor, "/b", "u", { values: true });
    const events = monitor.wait();
    peer.serve((request) => request.reply(bytes("x")));
    peer.event("/a/1", wire);
    assertEquals(await next(events), "/a/1: null -> x");
    peer.event("/b/1", other);
    assertEquals(await next(events), "/b/1: null -> x");
    for (const path of ["/a/2", "/a/3", "/a/lost"]) peer.event(path, wire);
    await client.getDomainPath(0);
    assertEquals(await all(events, 4), ["/a/2: null -> x", "/a/3: null -> x", "1 lost", "resync /a"]);
    peer.event("/b/1", other);
    peer.event("/a/1", wire);
    assertEquals(await next(events), "/a/1: null -> x");
    peer.event("/a/1", wire);
    peer.event("/b/2", other);
    assertEquals(await next(events), "/b/2: null -> x");
  });

  test("delivers the removal of a node that it has not delivered since the overflow", async () => {
    const { client, peer } = await connected();
    const monitor = client.monitor({ limit: 1 });
    const wire = await watch(peer, monitor, "/a", "t", { values: true });
    const events = monitor.wait();
    let exists = true;
    peer.serve((request) => request.text.startsWith("READ ") && !exists ? request.error("ENOENT") : request.reply("x"));
    peer.event("/a/1", wire);
    assertEquals(await next(events), "/a/1: null -> x\0");
    for (const path of ["/a/2", "/a/lost"]) peer.event(path, wire);
    await client.getDomainPath(0);
    assertEquals(await all(events, 3), ["/a/2: null -> x\0", "1 lost", "resync /a"]);
    exists = false;
    peer.event("/a/1", wire);
    assertEquals(await next(events), "/a/1: null -> null");
  });

  test("forgets a value whose read ended before the overflow was taken by another loop", async () => {
    const { client, peer } = await connected();
    const monitor = client.monitor({ limit: 1 });
    const wire = await watch(peer, monitor, "/a", "t", { values: true });
    peer.event("/a/1", wire);
    const first = next(monitor.wait());
    const reading = await peer.expect("READ /a/1|");
    for (const path of ["/a/2", "/a/lost"]) peer.event(path, wire);
    await settled(peer, client);
    const loop = monitor.wait();
    const second = next(loop);
    const lost = next(monitor.wait());
    assertEquals(await lost, "1 lost");
    reading.reply(bytes("x"));
    (await peer.expect("READ /a/2|")).reply(bytes("x"));
    assertEquals(await Promise.all([first, second]), ["/a/1: null -> x", "/a/2: null -> x"]);
    peer.event("/a/1", wire);
    const third = next(loop);
    (await peer.expect("READ /a/1|")).reply(bytes("x"));
    assertEquals(await third, "/a/1: null -> x");
  });

  test("costs no read for an overflow", async () => {
    const { client, peer } = await connected();
    const monitor = client.monitor({ limit: 10 });
    const wire = await watch(peer, monitor, "/a", "t", { values: true });
    const events = monitor.wait();
    let reads = 0;
    peer.serve((request) => {
      if (request.text.startsWith("READ ")) reads++;
      request.reply(bytes("x"));
    });
    for (let round = 0; round < 10; round++) {
      for (let i = 0; i < 20; i++) peer.event(`/a/${i}`, wire);
      await client.getDomainPath(0);
      for (let event = await next(events); event !== "resync /a"; event = await next(events));
    }
    assertEquals(reads, 100);
  });
});

describe("a watch with values that was set again", () => {
  test("reads every value again also if its first event is not wanted", async () => {
    const [first, second] = [new Peer(), new Peer()];
    const transports = [first, second].values();
    const open = () => {
      const { value } = transports.next();
      return value === undefined ? Promise.reject(new Error("no more stores")) : Promise.resolve(value.transport);
    };
    const client = await connect(open, { reconnect: { backoff: { initial: 0, max: 0 } } });
    const monitor = client.monitor();
    const wire = await watch(first, monitor, "/a", "t", { values: true, initial: false });
    const events = monitor.wait();
    for (const path of ["/a", "/a/b"]) first.event(path, wire);
    const value = next(events);
    (await first.expect("READ /a/b|")).reply(bytes("old"));
    assertEquals(await value, "/a/b: null -> old");
    first.cut();
    const setting = await second.next();
    setting.ok();
    await settled(second, client);
    // The event for setting the watch comes after the reply.
    second.event("/a", setting.strings[1] ?? "");
    await settled(second, client);
    second.serve((request) => request.reply(bytes("new")));
    assertEquals(await all(events, 3), ["reconnected", "resync /a", "/a/b: old -> new"]);
    const reading = next(events);
    second.event("/a/c", setting.strings[1] ?? "");
    assertEquals(await reading, "/a/c: null -> new");
  });
});
