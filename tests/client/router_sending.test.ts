// What a router sends, and how: together, one by one, under which ids, and what it never sends.

import { describe, test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { InvalidPayloadError } from "../../src/wire/errors.ts";
import { Operation } from "../../src/wire/operations.ts";
import { quiet, routed } from "../support/peer.ts";
import { read } from "../support/requests.ts";

describe("router, sending", () => {
  test("requests of one turn leave in one piece", async () => {
    const { router, peer } = routed();
    peer.serve((request) => request.reply(request.payload));
    const paths = Array.from({ length: 1000 }, (_, i) => `/${i}`);
    assertEquals(await Promise.all(paths.map((path) => read(router, path))), paths.map((path) => `${path}|`));
    assertEquals(peer.writes, 1);
  });

  test("requests of two turns leave in two pieces", async () => {
    const { router, peer } = routed();
    void read(router, "/a").catch(() => {});
    await peer.next();
    void read(router, "/b").catch(() => {});
    await peer.next();
    assertEquals(peer.writes, 2);
  });

  test("carries operation, transaction and payload", async () => {
    const { router, peer } = routed();
    const parse = () => {};
    void router.request({ operation: Operation.WRITE, transactionId: 0xfffffffe, parts: ["/é", "x"], parse })
      .catch(() => {});
    const request = await peer.next();
    assertEquals([request.type, request.transactionId], [11, 0xfffffffe]);
    assertEquals(request.payload, new TextEncoder().encode("/é\0x\0"));
  });

  test("ids are never 0, and go round at 2^32", async () => {
    const { router, peer } = routed({}, 0xfffffffe);
    for (const path of ["/a", "/b", "/c"]) void read(router, path).catch(() => {});
    assertEquals((await peer.take(3)).map(({ requestId }) => requestId), [0xfffffffe, 0xffffffff, 1]);
  });

  for (const [what, traits, limit] of [["a socket", {}, 4096], ["the device", { payloadMax: 4080 }, 4080]] as const) {
    test(`a payload of ${limit} bytes is the largest that ${what} takes`, async () => {
      const { router, peer } = routed(traits);
      const longest = read(router, "/a", { parts: ["/a", new Uint8Array(limit - 3)] });
      (await peer.next()).reply();
      await longest;
      const tooLong = { parts: ["/a", new Uint8Array(limit - 2)] };
      const error = await assertRejects(() => read(router, "/a", tooLong), InvalidPayloadError, `${limit + 1} bytes`);
      assertEquals([error.code, error.operation, error.path], ["E2BIG", "READ", "/a"]);
      assertEquals(peer.writes, 1);
    });
  }

  test("a payload that is too long takes nothing of its neighbours with it", async () => {
    const { router, peer } = routed();
    peer.serve((request) => request.reply(request.payload));
    const before = read(router, "/before");
    const wrong = read(router, "/wrong", { parts: [new Uint8Array(100_000)] });
    const behind = read(router, "/behind");
    await assertRejects(() => wrong, InvalidPayloadError, "100000 bytes");
    assertEquals(await Promise.all([before, behind]), ["/before|", "/behind|"]);
  });

  test("a part that is neither text nor bytes takes nothing of its neighbours with it", async () => {
    const { router, peer } = routed();
    peer.serve((request) => request.reply(request.payload));
    for (const part of [null, undefined]) {
      const before = read(router, "/before");
      const wrong = read(router, "/wrong", { parts: ["/wrong", part as never] });
      const behind = read(router, "/behind");
      await assertRejects(() => wrong, TypeError);
      assertEquals(await Promise.all([before, behind]), ["/before|", "/behind|"]);
    }
  });

  test("a request without payload is followed by a harmless one, in the same piece", async () => {
    const { router, peer } = routed();
    const parse = () => {};
    const asking = router.request({ operation: Operation.GET_FEATURE, transactionId: 0, parts: [], parse });
    (await peer.expect("GET_FEATURE ")).reply("0");
    await asking;
    assertEquals([peer.nudges, peer.writes, peer.waiting.length], [1, 1, 0]);
    const reading = read(router, "/a");
    (await peer.next()).reply();
    await reading;
    assertEquals(peer.nudges, 1);
  });

  test("a request without payload whose signal is aborted sends nothing at all", async () => {
    const { router, peer } = routed();
    const signal = AbortSignal.abort();
    const request = { operation: Operation.GET_FEATURE, transactionId: 0, parts: [], parse: () => {}, signal };
    await assertRejects(() => router.request(request));
    await quiet();
    assertEquals(peer.writes, 0);
  });

  test("nothing is sent after the end", async () => {
    const { router, peer } = routed();
    const late = read(router, "/a");
    await router.close();
    await assertRejects(() => late);
    await assertRejects(() => read(router, "/b"));
    await quiet();
    assertEquals(peer.writes, 0);
  });
});
