// What a router makes of what it receives: replies in any order and any pieces, errors, and what it cannot make sense of.

import { describe, test } from "node:test";
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { booleanReply } from "../../src/client/replies.ts";
import { ConnectionError, UnexpectedPacketError } from "../../src/transport/errors.ts";
import { encodePacket } from "../../src/wire/encoder.ts";
import { XenStoreError } from "../../src/wire/errors.ts";
import { Operation } from "../../src/wire/operations.ts";
import { bytes, concat, hex } from "../support/bytes.ts";
import { quiet, type Received, routed } from "../support/peer.ts";
import { ask, read } from "../support/requests.ts";

describe("router, receiving", () => {
  test("replies may come in any order", async () => {
    const { router, peer } = routed();
    const replies = ["/a", "/b", "/c", "/d"].map((path) => read(router, path));
    const requests = await peer.take(4);
    for (const i of [2, 0, 3, 1]) requests[i]?.reply(requests[i].path);
    assertEquals(await Promise.all(replies), ["/a|", "/b|", "/c|", "/d|"]);
  });

  test("replies may come one byte at a time, or all together", async () => {
    const { router, peer } = routed();
    const replies = ["/a", "/b", "/c"].map((path) => read(router, path));
    const [a, b, c] = await peer.take(3);
    assert(a !== undefined && b !== undefined && c !== undefined);
    for (const byte of a.answer("one")) peer.send(Uint8Array.of(byte));
    peer.send(concat([b.answer(), c.answer("three")]));
    assertEquals(await Promise.all(replies), ["one|", "", "three|"]);
  });

  test("a value does not change when its buffer is used again", async () => {
    const { router, peer } = routed();
    const parse = (payload: Uint8Array) => new Uint8Array(payload);
    const request = { operation: Operation.READ, transactionId: 0, parts: ["/a"], parse };
    const values = [router.request(request), router.request(request)];
    for (const [i, received] of (await peer.take(2)).entries()) {
      const answer = received.answer(new Uint8Array(100).fill(i));
      for (const piece of [answer.slice(0, 20), answer.slice(20)]) peer.send(piece);
    }
    assertEquals((await Promise.all(values)).map((value) => value.every((byte, _, all) => byte === all[0])), [
      true,
      true,
    ]);
  });

  test("an error fails its request alone", async () => {
    const { router, peer } = routed();
    const wrong = read(router, "/a");
    const right = read(router, "/b");
    const [a, b] = await peer.take(2);
    a?.error("EACCES");
    b?.reply("fine");
    const error = await assertRejects(() => wrong, XenStoreError, 'READ "/a": Permission denied (EACCES)');
    assertEquals([error.name, error.code, error.errno], ["XenStoreError", "EACCES", 13]);
    assertEquals(await right, "fine|");
  });

  test("an error that Linux does not have keeps its name, and counts as EINVAL", async () => {
    const { router, peer } = routed();
    const failed = read(router, "/a");
    (await peer.next()).error("EWHATEVER");
    const error = await assertRejects(() => failed, XenStoreError, "EWHATEVER");
    assertEquals([error.code, error.errno], ["EWHATEVER", 22]);
  });

  for (
    const [what, payload, code] of [["without its NUL", "ENOENT", "ENOENT"], ["of no name", "", "EINVAL"]] as const
  ) {
    test(`an error ${what} is an error all the same`, async () => {
      const { router, peer } = routed();
      const failed = read(router, "/a");
      peer.send(encodePacket(Operation.ERROR, (await peer.next()).requestId, 0, [bytes(payload)]));
      assertEquals((await assertRejects(() => failed, XenStoreError)).code, code);
    });
  }

  test("an error thrown while a reply is read fails its request alone", async () => {
    const { router, peer } = routed();
    const parse = () => {
      throw new TypeError("no text");
    };
    const wrong = read(router, "/a", { parse });
    const right = read(router, "/b");
    for (const request of await peer.take(2)) request.reply("x");
    await assertRejects(() => wrong, TypeError, "no text");
    assertEquals(await right, "x|");
  });

  const nonsense: [what: string, answer: (request: Received) => Uint8Array, text: string][] = [
    ["a reply to no request", () => encodePacket(Operation.READ, 99, 0, ["x"]), "READ of request 99"],
    ["a reply without an id", () => encodePacket(Operation.READ, 0, 0, ["x"]), "READ of request 0"],
    ["an error of no request", () => encodePacket(Operation.ERROR, 99, 0, ["EIO"]), "ERROR of request 99"],
    ["a reply to another operation", ({ requestId }) => encodePacket(11, requestId, 0, ["OK"]), "the request was READ"],
    ["a reply of no operation", ({ requestId }) => encodePacket(77, requestId, 0, []), "operation 77 of request"],
    ["an event without a token", () => encodePacket(Operation.WATCH_EVENT, 0, 0, ["/a"]), "lacks a path or a token"],
    ["an event of nothing", () => encodePacket(Operation.WATCH_EVENT, 0, 0, []), "lacks a path or a token"],
    ["a message that is too long", () => hex("02000000 01000000 00000000 01100000"), "announces 4097 bytes"],
    ["garbage", () => bytes("HTTP/1.1 400 Bad Request\r\n"), "announces"],
    ["a WATCH's reply without an id", () => encodePacket(Operation.WATCH, 0, 0, ["OK"]), "WATCH of request 0"],
  ];
  for (const [what, answer, text] of nonsense) {
    test(`${what} ends the connection, and fails all that waits and all that follows`, async () => {
      const { router, peer, ends } = routed();
      const waiting = [read(router, "/a"), read(router, "/b"), ask(router, Operation.WATCH, "/c", "t")];
      const [request] = await peer.take(3);
      assert(request !== undefined);
      peer.send(answer(request));
      const errors = await Promise.all(
        waiting.map((failed) => assertRejects(() => failed, UnexpectedPacketError, text)),
      );
      assertEquals(errors.map(({ operation }) => operation), ["READ", "READ", "WATCH"]);
      assertEquals(errors.map(({ path }) => path), ["/a", "/b", undefined]);
      for (const error of errors) {
        assertInstanceOf(error, ConnectionError);
        assertEquals(error.code, "EIO");
        assertEquals(error.message.split(text).length, 2, `said once: ${error.message}`);
      }
      await assertRejects(() => read(router, "/later"), UnexpectedPacketError, text);
      assertEquals([router.isConnected, ends.length], [false, 1]);
      await peer.ended;
    });
  }

  test("the packet that made no sense is kept in the error", async () => {
    const { router, peer } = routed();
    const failed = read(router, "/a");
    await peer.next();
    peer.send(encodePacket(Operation.READ, 99, 7, [bytes("xyz")]));
    const { packet } = await assertRejects(() => failed, UnexpectedPacketError);
    assertEquals(packet, { type: 2, requestId: 99, transactionId: 7, payload: bytes("xyz") });
  });

  test("a payload that makes no sense fails its own request too", async () => {
    const { router, peer } = routed();
    const request = { operation: Operation.IS_DOMAIN_INTRODUCED, transactionId: 0, parts: ["1"], parse: booleanReply };
    const failed = router.request(request);
    (await peer.next()).reply("maybe");
    await assertRejects(() => failed, UnexpectedPacketError, "expected T or F");
  });

  test("what follows nonsense in the same bytes is not looked at", async () => {
    const { router, peer, ends } = routed();
    const failed = read(router, "/a");
    const request = await peer.next();
    peer.send(concat([encodePacket(2, 99, 0, []), request.answer("x"), encodePacket(2, 98, 0, [])]));
    await assertRejects(() => failed, UnexpectedPacketError, "request 99");
    await quiet();
    assertEquals(ends.length, 1);
  });

  test("over a shared connection a reply without an id ends it too", async () => {
    const { router, peer } = routed({ shared: true });
    const failed = read(router, "/a");
    await peer.next();
    peer.send(encodePacket(Operation.READ, 0, 0, ["x"]));
    await assertRejects(() => failed, UnexpectedPacketError);
  });

  test("an event's ids mean nothing", async () => {
    const { router, peer } = routed();
    const paths: string[] = [];
    router.subscribe("t", { deliver: (path) => paths.push(path) });
    const reply = read(router, "/a");
    const request = await peer.next();
    for (const id of [0, request.requestId, 0xdeadbeef]) {
      peer.send(encodePacket(Operation.WATCH_EVENT, id, 77, [`/${id}`, "t"]));
    }
    peer.event("/nobody", "unknown token");
    request.reply("fine");
    assertEquals(await reply, "fine|");
    assertEquals(paths, ["/0", `/${request.requestId}`, `/${0xdeadbeef}`]);
  });
});
