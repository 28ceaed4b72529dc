// A hundred thousand events: a reader that keeps up gets all of them, and a slow one takes a bounded amount of memory.

import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { connect } from "../../src/client/client.ts";
import { heapInUse } from "../support/heap.ts";
import { connected, type Peer } from "../support/peer.ts";
import { take, watch } from "../support/watching.ts";

const COUNT = 100_000;
const LIMIT = 4096;
/** So many events are under way together. */
const BURST = 1000;

async function monitoring() {
  const { client, peer } = await connected();
  const monitor = client.monitor();
  const wire = await watch(peer, monitor, "/a", "t");
  /** Sends bursts of events; each is received before the next is sent. */
  const send = async (pathOf: (i: number) => string, count = COUNT): Promise<void> => {
    for (let i = 0; i < count;) {
      for (const end = i + BURST; i < end; i++) peer.event(pathOf(i), wire);
      await settled(peer, client);
    }
  };
  return { peer, monitor, wire, send };
}

/** Lets the client receive all that was sent to it. */
async function settled(peer: Peer, client: { getDomainPath(domid: number): Promise<string> }): Promise<void> {
  const asking = client.getDomainPath(0);
  (await peer.next()).reply("x");
  await asking;
}

describe("a monitor of 100,000 events", () => {
  test("delivers all of them in order to a reader that keeps up", async () => {
    const { peer, monitor, wire } = await monitoring();
    const events = monitor.wait();
    for (let i = 0; i < COUNT; i += BURST) {
      const paths = Array.from({ length: BURST }, (_, k) => `/a/${i + k}`);
      for (const path of paths) peer.event(path, wire);
      assertEquals(await take(events, BURST), paths.map((path) => `${path} t`));
    }
  });

  test("delivers the events of a daemon's 100,000 changes to a reader that keeps up", async () => {
    await using store = await connect("embedded:");
    await using monitor = store.monitor();
    await monitor.watch("/a", "t", { initial: false });
    const events = monitor.wait();
    for (let i = 0; i < COUNT; i += BURST) {
      const writes = Array.from({ length: BURST }, (_, k) => store.write(`/a/${k}`, `${i + k}`));
      const paths = await take(events, BURST);
      await Promise.all(writes);
      assertEquals(paths, writes.map((_, k) => `/a/${k} t`));
    }
  });

  test("keeps 4096 of them for a reader that takes none, and reports how many were lost after these", async () => {
    const { monitor, send } = await monitoring();
    await send((i) => `/a/${i}`);
    const events = monitor.wait();
    const kept = await take(events, LIMIT + 1);
    assertEquals(kept.slice(0, LIMIT), Array.from({ length: LIMIT }, (_, i) => `/a/${i} t`));
    assertEquals(kept[LIMIT], `${COUNT - LIMIT} lost`);
    assertEquals(await events.next(), {
      done: false,
      value: { type: "resync", watches: [{ path: "/a", token: "t" }] },
    });
  });

  test("takes the memory of 4096 of them if the reader takes none", async () => {
    const { monitor, send } = await monitoring();
    const below = `/a/${"x".repeat(2000)}`;
    const before = await heapInUse();
    await send((i) => `${below}/${i}`, 20_000);
    const bytes = await heapInUse() - before;
    // An event has its path, and the monitor the key by which it knows an identical event: 16 MB for 4096 of them, and
    // 80 MB for all.
    assert(bytes < 32e6, `${bytes} bytes`);
    assertEquals(await take(monitor.wait(), 1), [`${below}/0 t`]);
  });

  test("has room again after the reader was told of the loss", async () => {
    const { monitor, send } = await monitoring();
    await send((i) => `/a/${i}`);
    const events = monitor.wait();
    await take(events, LIMIT + 1);
    await send((i) => `/a/${i % LIMIT}`);
    assertEquals(await take(events, LIMIT), Array.from({ length: LIMIT }, (_, i) => `/a/${i} t`));
  });
});
