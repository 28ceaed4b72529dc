// What becomes of a request whose caller has stopped waiting.

import process from "node:process";
import { describe, test } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { Operation } from "../../src/wire/operations.ts";
import { connected, quiet, routed } from "../support/peer.ts";
import { read } from "../support/requests.ts";

describe("router, aborting", () => {
  test("an aborted request fails immediately with the signal's reason", async () => {
    const { router, peer } = routed();
    const reason = new RangeError("enough");
    const controller = new AbortController();
    const failed = read(router, "/a", { signal: controller.signal });
    await peer.next();
    controller.abort(reason);
    assertEquals(await assertRejects(() => failed, RangeError), reason);
  });

  test("a request whose signal is aborted already is not sent", async () => {
    const { router, peer } = routed();
    const error = await assertRejects(() => read(router, "/a", { signal: AbortSignal.abort() }));
    assertEquals(error.name, "AbortError");
    await quiet();
    assertEquals(peer.writes, 0);
  });

  test("the reply to an aborted request is passed over, and its neighbours go on", async () => {
    for (const answer of ["reply", "error"] as const) {
      const { router, peer } = routed();
      const controller = new AbortController();
      const failed = read(router, "/a", { signal: controller.signal });
      const other = read(router, "/b");
      const [a, b] = await peer.take(2);
      controller.abort();
      await assertRejects(() => failed);
      if (answer === "reply") a?.reply("late");
      else a?.error("ENOENT");
      b?.reply("fine");
      assertEquals(await other, "fine|");
      assert(router.isConnected);
    }
  });

  test("the id of an aborted request is used again only after its reply", async () => {
    const { router, peer } = routed();
    const controller = new AbortController();
    const failed = read(router, "/a", { signal: controller.signal });
    const aborted = await peer.next();
    controller.abort();
    await assertRejects(() => failed);
    const other = read(router, "/b");
    const request = await peer.next();
    assert(request.requestId !== aborted.requestId);
    aborted.reply("late");
    request.reply("fine");
    assertEquals(await other, "fine|");
  });

  test("an abort after the reply does nothing", async () => {
    const { router, peer } = routed();
    peer.serve((request) => request.reply("fine"));
    const controller = new AbortController();
    assertEquals(await read(router, "/a", { signal: controller.signal }), "fine|");
    controller.abort();
    assertEquals(await read(router, "/b"), "fine|");
  });

  test("what succeeded after its caller had gone is undone once, and what failed is not", async () => {
    const { router, peer } = routed();
    const undone: unknown[] = [];
    const controller = new AbortController();
    const parts = ["/a"];
    const request = { operation: Operation.READ, transactionId: 0, parts, signal: controller.signal };
    const undo = (result: unknown) => undone.push(result);
    const failed = [1, 2, 3].map((result) => router.request({ ...request, parse: () => result, undo }));
    const [one, two, three] = await peer.take(3);
    one?.reply();
    assertEquals(await failed[0], 1);
    controller.abort();
    await Promise.all(failed.slice(1).map((failed) => assertRejects(() => failed)));
    two?.reply();
    three?.error("EIO");
    await quiet();
    assertEquals(undone, [2]);
  });

  test("an aborted request does not fail again when the connection ends", async () => {
    const { router, peer } = routed();
    const controller = new AbortController();
    const failed = read(router, "/a", { signal: controller.signal });
    await peer.next();
    controller.abort();
    peer.cut();
    assertEquals((await assertRejects(() => failed)).name, "AbortError");
  });

  test("a transaction that starts after its caller had gone is rolled back", async () => {
    const { client, peer } = await connected();
    const controller = new AbortController();
    const failed = client.transaction({ signal: controller.signal });
    const start = await peer.expect("TRANSACTION_START |");
    controller.abort();
    await assertRejects(() => failed);
    start.reply("17");
    const end = await peer.expect("TRANSACTION_END F|");
    assertEquals(end.transactionId, 17);
    end.ok();
    await client.close();
  });

  test("a watch that is set after its caller had gone is removed", async () => {
    const { client, peer } = await connected();
    const controller = new AbortController();
    const monitor = client.monitor();
    const failed = monitor.watch("/a", "t", { signal: controller.signal });
    const watch = await peer.next();
    controller.abort();
    await assertRejects(() => failed);
    assertEquals([...monitor.watched], []);
    watch.ok();
    const unwatch = await peer.next();
    assertEquals([unwatch.type, unwatch.strings], [Operation.UNWATCH, watch.strings]);
    unwatch.ok();
    await client.close();
  });

  test("a thousand requests may share one signal, without a warning of the runtime's", async () => {
    const warnings: string[] = [];
    const warn = (warning: Error) => warnings.push(warning.message);
    process.on("warning", warn);
    const { router, peer } = routed();
    const controller = new AbortController();
    const failed = Array.from({ length: 1000 }, (_, i) => read(router, `/${i}`, { signal: controller.signal }));
    await peer.next();
    controller.abort();
    await Promise.all(failed.map((failed) => assertRejects(() => failed)));
    await quiet();
    process.off("warning", warn);
    assertEquals(warnings, []);
  });

  test("whatever waits for events, nodes or a predicate may share one signal too", async () => {
    const warnings: string[] = [];
    const warn = (warning: Error) => warnings.push(warning.message);
    process.on("warning", warn);
    const { client, peer } = await connected();
    peer.serve((request) => request.text.startsWith("GET_FEATURE") ? request.error("ENOSYS") : request.ok());
    const controller = new AbortController();
    const { signal } = controller;
    const waits = Array.from({ length: 20 }, (_, i) => client.waitFor(`/${i}`, () => false, { signal }));
    const walks = Array.from({ length: 20 }, (_, i) => client.walk(`/${i}`, { signal }).next());
    await Promise.all(walks);
    controller.abort();
    await Promise.all(waits.map((wait) => assertRejects(() => wait)));
    await quiet();
    process.off("warning", warn);
    assertEquals(warnings, []);
  });
});
