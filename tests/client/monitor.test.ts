// Watches: how they are set and removed, and which events come of them.

import { describe, test } from "node:test";
import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { XenStoreError } from "../../src/wire/errors.ts";
import { bytes } from "../support/bytes.ts";
import { connected, quiet } from "../support/peer.ts";
import { take, watch } from "../support/watching.ts";

describe("monitor", () => {
  test("brings the events of its watch, with the token that was given", async () => {
    const { client, peer } = await connected();
    const monitor = client.monitor();
    const wire = await watch(peer, monitor, "/a", "my token");
    for (const path of ["/a", "/a/b"]) peer.event(path, wire);
    assertEquals(await take(monitor.wait(), 2), ["/a my token", "/a/b my token"]);
    assertEquals([...monitor.watched], ["/a"]);
  });

  test("loses no event that comes before the watch's own reply", async () => {
    const { client, peer } = await connected();
    const monitor = client.monitor();
    const watching = monitor.watch("/a", "t");
    const request = await peer.next();
    peer.event("/a", request.strings[1] ?? "");
    peer.event("/a/b", request.strings[1] ?? "");
    request.ok();
    assertEquals(await watching, "t");
    assertEquals(await take(monitor.wait(), 2), ["/a t", "/a/b t"]);
  });

  test("makes a token of its own for each watch without one", async () => {
    const { client, peer } = await connected();
    peer.serve((request) => request.ok());
    const monitor = client.monitor();
    await monitor.watch("/a", "watch-1");
    const tokens = [await monitor.watch("/a"), await monitor.watch("/a"), await monitor.watch("/b")];
    assertEquals(new Set([...tokens, "watch-1"]).size, 4);
  });

  test("takes tokens of any text and of bytes, which never go on the wire", async () => {
    const { client, peer } = await connected();
    const monitor = client.monitor();
    for (const token of ["", "with blanks", "日本", "x".repeat(5000)]) {
      const wire = await watch(peer, monitor, "/a", token);
      assertNotEquals(wire, token);
      peer.event("/a", wire);
      assertEquals(await take(monitor.wait(), 1), [`/a ${token}`]);
    }
    const watching = monitor.watch("/b", bytes("\xff"));
    (await peer.next()).ok();
    assertEquals(await watching, "\xff");
  });

  test("watches relative paths and special events", async () => {
    const { client, peer } = await connected();
    const monitor = client.monitor();
    const relative = await watch(peer, monitor, "device", "r");
    const special = await watch(peer, monitor, "@releaseDomain", "s");
    peer.event("device/vbd", relative);
    peer.event("@releaseDomain", special);
    assertEquals(await take(monitor.wait(), 2), ["device/vbd r", "@releaseDomain s"]);
  });

  test("refuses the same path with the same token with EEXIST, and sends nothing", async () => {
    const { client, peer } = await connected();
    const monitor = client.monitor();
    await watch(peer, monitor, "/a", "t");
    const error = await assertRejects(() => monitor.watch("/a", "t"), XenStoreError);
    assertEquals([error.code, error.operation, error.path], ["EEXIST", "WATCH", "/a"]);
    await assertRejects(() => monitor.watch("/a", bytes("t")), XenStoreError);
    await quiet();
    assertEquals(peer.waiting, []);
    await watch(peer, monitor, "/a", "u");
    await watch(peer, monitor, "/b", "t");
    assertEquals([...monitor.watched], ["/a", "/b"]);
  });

  test("refuses it while the first one is under way as well", async () => {
    const { client, peer } = await connected();
    const monitor = client.monitor();
    const first = monitor.watch("/a", "t");
    await assertRejects(() => monitor.watch("/a", "t"), XenStoreError, "EEXIST");
    (await peer.next()).ok();
    await first;
  });

  test("two monitors use the same token, each for itself", async () => {
    const { client, peer } = await connected();
    const monitors = [client.monitor(), client.monitor()] as const;
    const wires = [await watch(peer, monitors[0], "/a", "t"), await watch(peer, monitors[1], "/a", "t")] as const;
    assertNotEquals(wires[0], wires[1]);
    peer.event("/a/1", wires[0]);
    peer.event("/a/2", wires[1]);
    assertEquals(await take(monitors[0].wait(), 1), ["/a/1 t"]);
    assertEquals(await take(monitors[1].wait(), 1), ["/a/2 t"]);
  });

  test("forgets a watch that the store refuses", async () => {
    const { client, peer } = await connected();
    const monitor = client.monitor();
    const failed = monitor.watch("/a", "t");
    const request = await peer.next();
    request.error("ENOSPC");
    const error = await assertRejects(() => failed, XenStoreError);
    assertEquals([error.code, error.operation, error.path], ["ENOSPC", "WATCH", "/a"]);
    assertEquals([...monitor.watched], []);
    peer.event("/a", request.strings[1] ?? "");
    const wire = await watch(peer, monitor, "/a", "t");
    peer.event("/a/b", wire);
    assertEquals(await take(monitor.wait(), 1), ["/a/b t"]);
  });
});
