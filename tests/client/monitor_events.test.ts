// Events on their way to who consumes them: merged, counted, shared, waited for, streamed.

import { describe, test } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { mergeReadableStreams } from "@std/streams";
import { connected, type Peer, quiet } from "../support/peer.ts";
import { inShort, take, watch } from "../support/watching.ts";

async function monitoring(limit?: number) {
  const { client, peer } = await connected();
  const monitor = client.monitor(limit === undefined ? {} : { limit });
  return { client, peer, monitor, wire: await watch(peer, monitor, "/a", "t") };
}

/** Lets the client receive all that was sent to it. */
async function settled(peer: Peer, client: { getDomainPath(domid: number): Promise<string> }): Promise<void> {
  const asking = client.getDomainPath(0);
  (await peer.next()).reply("x");
  await asking;
}

describe("monitor, events", () => {
  test("identical events that wait count once", async () => {
    const { client, peer, monitor, wire } = await monitoring();
    for (const path of ["/a", "/a/b", "/a", "/a/b", "/a"]) peer.event(path, wire);
    await settled(peer, client);
    const events = monitor.wait();
    assertEquals(await take(events, 2), ["/a t", "/a/b t"]);
    peer.event("/a", wire);
    assertEquals(await take(events, 1), ["/a t"]);
  });

  test("events of one path by two watches do not count as identical", async () => {
    const { client, peer, monitor, wire } = await monitoring();
    const other = await watch(peer, monitor, "/a", "u");
    for (const token of [wire, other]) peer.event("/a", token);
    await settled(peer, client);
    assertEquals(await take(monitor.wait(), 2), ["/a t", "/a u"]);
  });

  test("events beyond the limit are counted, in their place", async () => {
    const { client, peer, monitor, wire } = await monitoring(3);
    for (let i = 1; i <= 8; i++) peer.event(`/a/${i}`, wire);
    await settled(peer, client);
    const events = monitor.wait();
    assertEquals(await take(events, 4), ["/a/1 t", "/a/2 t", "/a/3 t", "5 lost"]);
    peer.event("/a/9", wire);
    assertEquals(await take(events, 1), ["/a/9 t"]);
  });

  test("4096 events may wait unless it is told otherwise", async () => {
    const { client, peer, monitor, wire } = await monitoring();
    for (let i = 1; i <= 5000; i++) peer.event(`/a/${i}`, wire);
    await settled(peer, client);
    const taken = await take(monitor.wait(), 4097);
    assertEquals(taken.slice(4095), ["/a/4096 t", "904 lost"]);
  });

  test("who consumes slowly delays no reply", async () => {
    const { client, peer, wire } = await monitoring();
    const reading = client.read("/x");
    const request = await peer.next();
    for (let i = 0; i < 100_000; i++) peer.event(`/a/${i % 10}`, wire);
    request.reply("fine");
    assertEquals((await reading).length, 5);
  });

  test("leaving a loop leaves the monitor as it is", async () => {
    const { peer, monitor, wire } = await monitoring();
    for (const path of ["/a/1", "/a/2", "/a/3"]) peer.event(path, wire);
    const seen: string[] = [];
    for (let i = 0; i < 3; i++) {
      for await (const event of monitor) {
        seen.push(inShort(event));
        break;
      }
    }
    assertEquals(seen, ["/a/1 t", "/a/2 t", "/a/3 t"]);
    assertEquals([...monitor.watched], ["/a"]);
    assertEquals(peer.waiting, []);
  });

  test("an iterator that was left gives nothing more", async () => {
    const { peer, monitor, wire } = await monitoring();
    const events = monitor.wait();
    await events.return?.();
    peer.event("/a", wire);
    assertEquals(await take(events, 1), ["end"]);
    assertEquals(await take(monitor.wait(), 1), ["/a t"]);
  });

  test("two loops share the events between them", async () => {
    const { peer, monitor, wire } = await monitoring();
    const loops = [monitor.wait().next(), monitor.wait().next()];
    for (const path of ["/a/1", "/a/2"]) peer.event(path, wire);
    assertEquals((await Promise.all(loops)).map(({ value }) => inShort(value)), ["/a/1 t", "/a/2 t"]);
  });

  test("a wait that is aborted takes no event with it", async () => {
    const { peer, monitor, wire } = await monitoring();
    const controller = new AbortController();
    const aborted = monitor.wait({ signal: controller.signal }).next();
    const other = monitor.wait().next();
    controller.abort(new RangeError("enough"));
    await assertRejects(() => aborted, RangeError, "enough");
    peer.event("/a", wire);
    assertEquals(inShort((await other).value), "/a t");
  });

  test("stream() gives the events, and takes none before it is asked for one", async () => {
    const { client, peer, monitor, wire } = await monitoring();
    const stream = monitor.stream();
    for (const path of ["/a/1", "/a/2"]) peer.event(path, wire);
    await settled(peer, client);
    assertEquals(await take(monitor.wait(), 1), ["/a/1 t"]);
    const reader = stream.getReader();
    assertEquals(inShort((await reader.read()).value), "/a/2 t");
    await reader.cancel();
  });

  test("stream() takes no event with it when it is cancelled", async () => {
    const { peer, monitor, wire } = await monitoring();
    const reader = monitor.stream().getReader();
    const reading = reader.read();
    await quiet();
    await reader.cancel("enough");
    assertEquals((await reading).done, true);
    peer.event("/a", wire);
    assertEquals(await take(monitor.wait(), 1), ["/a t"]);
  });

  test("stream() fails with the signal's reason, and ends with its monitor", async () => {
    const { client, peer, monitor } = await monitoring();
    peer.serve((request) => request.ok());
    const controller = new AbortController();
    const aborted = monitor.stream({ signal: controller.signal }).getReader().read();
    const ended = monitor.stream().getReader().read();
    controller.abort(new RangeError("enough"));
    await assertRejects(() => aborted, RangeError, "enough");
    await monitor.close();
    assertEquals((await ended).done, true);
    await client.close();
  });

  test("streams of two monitors can be merged", async () => {
    const { client, peer, monitor, wire } = await monitoring();
    const other = client.monitor();
    const otherWire = await watch(peer, other, "/b", "u");
    const merged = mergeReadableStreams(monitor.stream(), other.stream());
    for (const [path, token] of [["/a/1", wire], ["/b/1", otherWire], ["/a/2", wire]] as const) peer.event(path, token);
    peer.cut();
    const seen: string[] = [];
    const failed = (async () => {
      for await (const event of merged) seen.push(inShort(event));
    })();
    await assertRejects(() => failed);
    assert(seen.every((event) => ["/a/1 t", "/b/1 u", "/a/2 t"].includes(event)), `${seen}`);
  });

  test("streams of two monitors, merged, end when the client is closed", async () => {
    const { client, peer, monitor, wire } = await monitoring();
    const other = client.monitor();
    const otherWire = await watch(peer, other, "/b", "u");
    const merged = mergeReadableStreams(monitor.stream(), other.stream()).getReader();
    const seen: string[] = [];
    for (const [path, token] of [["/a/1", wire], ["/b/1", otherWire], ["/a/2", wire]] as const) {
      peer.event(path, token);
      seen.push(inShort((await merged.read()).value));
    }
    assertEquals(seen, ["/a/1 t", "/b/1 u", "/a/2 t"]);
    await client.close();
    assertEquals((await merged.read()).done, true);
  });

  test("a loop that is left while it waits takes nothing from the next one", async () => {
    const { client, peer } = await connected();
    const monitor = client.monitor();
    const wire = await watch(peer, monitor, "/a", "t");
    const left = monitor.wait();
    const waiting = left.next();
    await left.return?.();
    assertEquals((await waiting).done, true);
    peer.event("/a", wire);
    assertEquals(await take(monitor.wait(), 1), ["/a t"]);
  });
});
