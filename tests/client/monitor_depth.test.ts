// Watches with a depth: sent to a store that knows depth, and otherwise applied by the monitor.

import { describe, test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { ConnectionError } from "../../src/transport/errors.ts";
import { XenStoreError } from "../../src/wire/errors.ts";
import { atOnce, connected, quiet } from "../support/peer.ts";
import { serveWatches, take } from "../support/watching.ts";

const below = ["/a", "/a/b", "/a/b/c", "/a/b/c/d"];

describe("monitor, depth", () => {
  test("is sent to a store that knows it", async () => {
    const { client, peer } = await connected();
    const watching = client.monitor().watch("/a", "t", { depth: 2 });
    (await peer.expect("GET_FEATURE ")).reply("14");
    const request = await peer.next();
    assertEquals([request.text.slice(0, 9), request.strings[2]], ["WATCH /a|", "2"]);
    request.ok();
    await watching;
  });

  test("is asked for once for each connection", async () => {
    const { client, peer } = await connected();
    const asked: string[] = [];
    peer.serve((request) => {
      asked.push(request.text.split(" ")[0] ?? "");
      if (request.text.startsWith("GET_FEATURE")) request.reply("4");
      else request.ok();
    });
    const monitors = [client.monitor(), client.monitor()];
    await Promise.all(monitors.map((monitor) => monitor.watch("/a", "t", { depth: 0 })));
    await Promise.all(monitors.map((monitor) => monitor.watch("/b", "t", { depth: 0 })));
    assertEquals(asked, ["GET_FEATURE", "WATCH", "WATCH", "WATCH", "WATCH"]);
  });

  test("is not requested for watches without a depth", async () => {
    const { client, peer } = await connected();
    const watching = client.monitor().watch("/a", "t");
    const request = await peer.next();
    assertEquals([request.text.slice(0, 9), request.strings.length], ["WATCH /a|", 2]);
    request.ok();
    await watching;
  });

  const ignorant: [what: string, answer: string][] = [
    ["has no features", "ENOSYS"],
    ["does not know that one", "10"],
    ["keeps its features to itself", "EACCES"],
  ];
  for (const [what, answer] of ignorant) {
    test(`is applied by the monitor if the store ${what}`, async () => {
      const { client, peer } = await connected();
      const monitor = client.monitor();
      for (const [depth, expected] of [[0, ["/a"]], [1, ["/a", "/a/b"]], [2, ["/a", "/a/b", "/a/b/c"]]] as const) {
        const watching = monitor.watch("/a", `${depth}`, { depth });
        if (depth === 0) {
          const request = await peer.expect("GET_FEATURE ");
          if (answer.startsWith("E")) request.error(answer);
          else request.reply(answer);
        }
        const request = await peer.next();
        assertEquals(request.strings.length, 2);
        request.ok();
        await watching;
        for (const path of [...below, "/elsewhere"]) peer.event(path, request.strings[1] ?? "");
        const paths = [...expected, "/elsewhere"].map((path) => `${path} ${depth}`);
        assertEquals(await take(monitor.wait(), paths.length), paths);
      }
    });
  }

  test("counts from the root for a watch of the root", async () => {
    const { client, peer } = await connected();
    const monitor = client.monitor();
    const watching = monitor.watch("/", "t", { depth: 1 });
    (await peer.next()).error("ENOSYS");
    const request = await peer.next();
    request.ok();
    await watching;
    for (const path of ["/", "/a", "/a/b", "/b"]) peer.event(path, request.strings[1] ?? "");
    assertEquals(await take(monitor.wait(), 3), ["/ t", "/a t", "/b t"]);
  });

  test("is neither sent nor requested if the kernel shares the connection", async () => {
    const { client, peer } = await connected({ shared: true });
    const monitor = client.monitor();
    const watching = monitor.watch("/a", "t", { depth: 0 });
    const request = await peer.next();
    assertEquals(request.text, `WATCH /a|${request.strings[1]}|`);
    request.ok();
    await watching;
    for (const path of ["/a/b", "/a"]) peer.event(path, request.strings[1] ?? "");
    assertEquals(await take(monitor.wait(), 1), ["/a t"]);
  });

  test("of a special event names the domain if the store knows depth", async () => {
    const { client, peer } = await connected();
    const monitor = client.monitor();
    const watching = monitor.watch("@releaseDomain", "t", { depth: 1 });
    (await peer.next()).reply("4");
    const request = await peer.next();
    assertEquals(request.strings[2], "1");
    request.ok();
    await watching;
    peer.event("@releaseDomain/5", request.strings[1] ?? "");
    assertEquals(await take(monitor.wait(), 1), ["@releaseDomain/5 t"]);
  });

  test("of a special event fails with ENOSYS if the store does not know depth", async () => {
    const { client, peer } = await connected();
    const monitor = client.monitor();
    const watching = monitor.watch("@releaseDomain", "t", { depth: 1 });
    (await peer.next()).reply("0");
    const error = await assertRejects(() => watching, XenStoreError);
    assertEquals([error.code, error.operation, error.path], ["ENOSYS", "WATCH", "@releaseDomain"]);
    assertEquals([[...monitor.watched], peer.waiting], [[], []]);
  });

  test("fails with the connection that is lost while it is asked for", async () => {
    const { client, peer } = await connected();
    const watching = client.monitor().watch("/a", "t", { depth: 1 });
    await peer.next();
    peer.cut();
    await assertRejects(() => watching, ConnectionError);
  });

  test("gives up immediately if it is aborted while the store is asked", async () => {
    const { client, peer } = await connected();
    const controller = new AbortController();
    const monitor = client.monitor();
    const watching = monitor.watch("/a", "t", { depth: 1, signal: controller.signal });
    await peer.expect("GET_FEATURE ");
    controller.abort(new RangeError("enough"));
    await assertRejects(() => atOnce(watching), RangeError, "enough");
    assertEquals([...monitor.watched], []);
  });

  test("leaves no watch in the store if it is removed while the store is asked", async () => {
    const { client, peer } = await connected();
    const monitor = client.monitor();
    const watching = monitor.watch("/a", "t", { depth: 1 }).catch(() => {});
    const asking = await peer.expect("GET_FEATURE ");
    const removing = monitor.unwatch("/a", "t");
    const set = new Set<string>();
    peer.serve(serveWatches(set));
    asking.reply("4");
    await Promise.all([watching, removing]);
    await quiet();
    assertEquals([...set], []);
  });
});
