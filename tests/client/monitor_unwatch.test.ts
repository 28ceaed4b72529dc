// Watches that are removed, and what becomes of their events.

import { describe, test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { XenStoreError } from "../../src/wire/errors.ts";
import { connected, quiet } from "../support/peer.ts";
import { take, watch } from "../support/watching.ts";

describe("monitor, unwatch()", () => {
  test("unwatch() removes the watch by the token that it has on the wire", async () => {
    const { client, peer } = await connected();
    const monitor = client.monitor();
    const wire = await watch(peer, monitor, "/a", "t");
    const removing = monitor.unwatch("/a", "t");
    (await peer.expect(`UNWATCH /a|${wire}|`)).ok();
    await removing;
    assertEquals([...monitor.watched], []);
  });

  test("unwatch() fails with ENOENT for what is not watched, and sends nothing", async () => {
    const { client, peer } = await connected();
    const monitor = client.monitor();
    await watch(peer, monitor, "/a", "t");
    for (const [path, token] of [["/a", "u"], ["/b", "t"], ["/a/b", "t"]] as const) {
      const error = await assertRejects(() => monitor.unwatch(path, token), XenStoreError);
      assertEquals([error.code, error.operation, error.path], ["ENOENT", "UNWATCH", path]);
    }
    await quiet();
    assertEquals(peer.waiting, []);
  });

  test("unwatch() does not mind that the store has lost the watch, and minds all else", async () => {
    const { client, peer } = await connected();
    const monitor = client.monitor();
    for (const [name, fails] of [["ENOENT", false], ["EIO", true]] as const) {
      await watch(peer, monitor, "/a", "t");
      const removing = monitor.unwatch("/a", "t");
      (await peer.next()).error(name);
      if (fails) await assertRejects(() => removing, XenStoreError, name);
      else await removing;
      assertEquals([...monitor.watched], []);
    }
  });

  test("events that wait are dropped with their watch, others are not", async () => {
    const { client, peer } = await connected();
    const monitor = client.monitor();
    const gone = await watch(peer, monitor, "/gone", "t");
    const stays = await watch(peer, monitor, "/stays", "t");
    for (const [path, wire] of [["/gone/1", gone], ["/stays/1", stays], ["/gone/2", gone]] as const) {
      peer.event(path, wire);
    }
    const removing = monitor.unwatch("/gone", "t");
    const request = await peer.next();
    peer.event("/gone/3", gone);
    request.ok();
    await removing;
    for (const [path, wire] of [["/gone/4", gone], ["/stays/2", stays]] as const) peer.event(path, wire);
    assertEquals(await take(monitor.wait(), 2), ["/stays/1 t", "/stays/2 t"]);
  });

  test("events that came before their watch was removed count for who says so", async () => {
    const { client, peer } = await connected();
    const monitor = client.monitor();
    const wire = await watch(peer, monitor, "/a", "t");
    peer.event("/a/1", wire);
    const removing = monitor.unwatch("/a", "t");
    (await peer.next()).ok();
    await removing;
    peer.event("/a/late", wire);
    const other = await watch(peer, monitor, "/b", "t");
    peer.event("/b", other);
    assertEquals(await take(monitor.wait({ unwatched: true }), 2), ["/a/1 t", "/b t"]);
  });

  test("events of a watch that failed after its caller had gone are not delivered", async () => {
    const { client, peer } = await connected();
    const monitor = client.monitor();
    const controller = new AbortController();
    const watching = monitor.watch("/a", "t", { signal: controller.signal });
    const request = await peer.next();
    controller.abort(new RangeError("enough"));
    await assertRejects(() => watching, RangeError, "enough");
    request.error("ENOSPC");
    peer.event("/a/1", request.strings[1] ?? "");
    const other = await watch(peer, monitor, "/b", "t");
    peer.event("/b", other);
    assertEquals(await take(monitor.wait({ unwatched: true }), 1), ["/b t"]);
  });

  test("unwatch() during watch() leaves no watch in the store", async () => {
    const { client, peer } = await connected();
    const monitor = client.monitor();
    const watching = monitor.watch("/a", "t");
    const removing = monitor.unwatch("/a", "t");
    const [set, unset] = await peer.take(2);
    assertEquals([set?.text.slice(0, 6), unset?.text.slice(0, 8)], ["WATCH ", "UNWATCH "]);
    assertEquals(set?.strings, unset?.strings);
    set?.ok();
    unset?.ok();
    await Promise.all([watching, removing]);
    assertEquals([...monitor.watched], []);
  });

  test("unwatch() is sent whatever its signal says", async () => {
    const { client, peer } = await connected();
    const monitor = client.monitor();
    const wire = await watch(peer, monitor, "/a", "t");
    const signal = AbortSignal.abort(new RangeError("enough"));
    await assertRejects(() => monitor.unwatch("/a", "t", { signal }), RangeError, "enough");
    await peer.expect(`UNWATCH /a|${wire}|`);
  });

  test("events of removed watches make room for others, and their consumer learns of it", async () => {
    for (const [unwatched, expected] of [[false, ["/c u", "/d u"]], [true, ["2 lost", "/c u", "/d u"]]] as const) {
      const { client, peer } = await connected();
      const monitor = client.monitor({ limit: 2 });
      const first = await watch(peer, monitor, "/a", "t");
      for (const path of ["/a", "/a/b"]) peer.event(path, first);
      const removing = monitor.unwatch("/a", "t");
      (await peer.next()).ok();
      await removing;
      const second = await watch(peer, monitor, "/", "u");
      for (const path of ["/c", "/d"]) peer.event(path, second);
      await quiet();
      assertEquals(await take(monitor.wait({ unwatched }), expected.length), [...expected]);
    }
  });
});
