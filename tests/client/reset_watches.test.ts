// resetWatches(): all watches of the connection go, and those of every monitor with them.

import { describe, test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { XenStoreError } from "../../src/wire/errors.ts";
import { connected, quiet } from "../support/peer.ts";
import { take, watch } from "../support/watching.ts";

describe("resetWatches()", () => {
  test("drops the watches of every monitor, and their events that wait", async () => {
    const { client, peer } = await connected();
    const monitors = [client.monitor(), client.monitor()] as const;
    const wires = [await watch(peer, monitors[0], "/a", "t"), await watch(peer, monitors[1], "/b", "t")] as const;
    peer.event("/a", wires[0]);
    const resetting = client.resetWatches();
    (await peer.expect("RESET_WATCHES |")).ok();
    await resetting;
    assertEquals(monitors.map(({ watched }) => watched.size), [0, 0]);
    const again = await watch(peer, monitors[0], "/a", "t");
    peer.event("/a", wires[0]);
    peer.event("/a/new", again);
    assertEquals(await take(monitors[0].wait(), 1), ["/a/new t"]);
  });

  test("leaves nothing for unwatch() and close() to remove", async () => {
    const { client, peer } = await connected();
    const monitor = client.monitor();
    await watch(peer, monitor, "/a", "t");
    const resetting = client.resetWatches();
    (await peer.next()).ok();
    await resetting;
    await assertRejects(() => monitor.unwatch("/a", "t"), XenStoreError, "ENOENT");
    await monitor.close();
    assertEquals(peer.waiting, []);
  });

  test("keeps all watches if the store refuses", async () => {
    const { client, peer } = await connected();
    const monitor = client.monitor();
    const wire = await watch(peer, monitor, "/a", "t");
    const resetting = client.resetWatches();
    (await peer.next()).error("EACCES");
    await assertRejects(() => resetting, XenStoreError, "EACCES");
    peer.event("/a", wire);
    assertEquals(await take(monitor.wait(), 1), ["/a t"]);
  });

  test("keeps a watch that was asked for after it", async () => {
    const { client, peer } = await connected();
    const monitor = client.monitor();
    const resetting = client.resetWatches();
    const watching = monitor.watch("/a", "t");
    const [reset, set] = await peer.take(2);
    reset?.ok();
    set?.ok();
    await Promise.all([resetting, watching]);
    assertEquals([...monitor.watched], ["/a"]);
    peer.event("/a", set?.strings[1] ?? "");
    assertEquals(await take(monitor.wait(), 1), ["/a t"]);
  });

  test("is refused if the kernel's own watches would be dropped", async () => {
    const { client, peer } = await connected({ shared: true });
    const error = await assertRejects(() => client.resetWatches(), XenStoreError);
    assertEquals([error.code, error.operation], ["EPERM", "RESET_WATCHES"]);
    await quiet();
    assertEquals(peer.writes, 0);
  });
});
