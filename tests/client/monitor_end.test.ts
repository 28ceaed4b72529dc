// How a monitor ends: closed by itself, by its client, or by the loss of the connection.

import { describe, test } from "node:test";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Client } from "../../src/client/client.ts";
import { ConnectionError, UnexpectedPacketError } from "../../src/transport/errors.ts";
import { XenStoreError } from "../../src/wire/errors.ts";
import { connected, Peer, quiet } from "../support/peer.ts";
import { serveWatches, take, watch } from "../support/watching.ts";

describe("monitor, ending", () => {
  test("close() removes every watch, and ends every wait", async () => {
    const { client, peer } = await connected();
    const monitor = client.monitor();
    const wires = [await watch(peer, monitor, "/a", "t"), await watch(peer, monitor, "/b", "t")];
    const waits = [monitor.wait().next(), monitor.wait().next()];
    const closing = monitor.close();
    for (
      const request of [await peer.expect(`UNWATCH /a|${wires[0]}|`), await peer.expect(`UNWATCH /b|${wires[1]}|`)]
    ) {
      request.ok();
    }
    await closing;
    assertEquals((await Promise.all(waits)).map(({ done }) => done), [true, true]);
    assertEquals([...monitor.watched], []);
    assertEquals(await take(monitor.wait(), 1), ["end"]);
  });

  test("close() ends every wait immediately, even if the store is slow", async () => {
    const { client, peer } = await connected();
    const monitor = client.monitor();
    await watch(peer, monitor, "/a", "t");
    const waiting = monitor.wait().next();
    void monitor.close();
    assertEquals((await waiting).done, true);
  });

  test("closing twice is fine, and so is what the store has lost", async () => {
    const { client, peer } = await connected();
    const monitor = client.monitor();
    await watch(peer, monitor, "/a", "t");
    const closing = monitor.close();
    (await peer.next()).error("ENOENT");
    await closing;
    await monitor.close();
    await monitor[Symbol.asyncDispose]();
    assertEquals(peer.waiting, []);
  });

  test("close() fails if the store refuses to remove a watch", async () => {
    const { client, peer } = await connected();
    const monitor = client.monitor();
    await watch(peer, monitor, "/a", "t");
    const closing = monitor.close();
    (await peer.next()).error("EIO");
    await assertRejects(() => closing, XenStoreError, "EIO");
  });

  test("close() does not mind that the connection is over", async () => {
    const { client, peer } = await connected();
    const monitor = client.monitor();
    await watch(peer, monitor, "/a", "t");
    peer.cut();
    await assertRejects(() => client.read("/a"), ConnectionError);
    await monitor.close();
  });

  test("sets no watch after it was closed", async () => {
    const { client, peer } = await connected();
    const monitor = client.monitor();
    await monitor.close();
    const error = await assertRejects(() => monitor.watch("/a", "t"), ConnectionError, "the monitor was closed");
    assertEquals([error.operation, error.path], ["WATCH", "/a"]);
    await quiet();
    assertEquals(peer.writes, 0);
  });

  for (const options of [{}, { depth: 1 }]) {
    test(`close() during watch() leaves no watch in the store (${JSON.stringify(options)})`, async () => {
      const { client, peer } = await connected();
      const monitor = client.monitor();
      const watching = monitor.watch("/a", "t", options).catch(() => {});
      const closing = monitor.close();
      const set = new Set<string>();
      peer.serve(serveWatches(set));
      await Promise.all([watching, closing]);
      await quiet();
      assertEquals([...set], []);
    });
  }

  test("the loss of the connection fails every wait, after the events that came before", async () => {
    const { client, peer } = await connected();
    const monitor = client.monitor();
    const wire = await watch(peer, monitor, "/a", "t");
    for (const path of ["/a/1", "/a/2"]) peer.event(path, wire);
    peer.cut();
    await assertRejects(() => client.read("/a"), ConnectionError);
    const events = monitor.wait();
    assertEquals(await take(events, 2), ["/a/1 t", "/a/2 t"]);
    for (let i = 0; i < 2; i++) {
      const error = await assertRejects(() => events.next(), ConnectionError);
      assertEquals(error.code, "ECONNRESET");
    }
  });

  test("the loss of the connection fails pending waits and watches", async () => {
    const { client, peer } = await connected();
    const monitor = client.monitor();
    const waits = [monitor.wait().next(), monitor.stream().getReader().read(), monitor.watch("/a", "t")];
    await peer.next();
    peer.cut();
    for (const wait of waits) await assertRejects(() => wait, ConnectionError);
  });

  test("a message that makes no sense fails every wait with it", async () => {
    const { client, peer } = await connected();
    const waiting = client.monitor().wait().next();
    peer.send(new Uint8Array(16).fill(0xff));
    await assertRejects(() => waiting, UnexpectedPacketError);
  });

  test("its client's close() ends every wait, after the events that came before", async () => {
    const { client, peer } = await connected();
    const monitor = client.monitor();
    const wire = await watch(peer, monitor, "/a", "t");
    peer.event("/a/1", wire);
    const reading = client.read("/x");
    (await peer.next()).reply();
    await reading;
    await client.close();
    assertEquals(await take(monitor.wait(), 2), ["/a/1 t", "end"]);
    await monitor.close();
    await assertRejects(() => monitor.watch("/b"), ConnectionError);
  });

  test("monitor() fails before its client is connected", () => {
    assertThrows(() => new Client(new Peer().transport).monitor(), ConnectionError, "call connect() first");
  });
});
