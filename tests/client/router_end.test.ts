// How a connection ends, and that nothing waits for it any longer.

import { describe, test } from "node:test";
import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { Router } from "../../src/client/router.ts";
import { ConnectionError, UnexpectedPacketError } from "../../src/transport/errors.ts";
import { codedError } from "../../src/wire/system_errors.ts";
import { type Receiver, SOCKET_TRAITS, type Transport } from "../../src/transport/transport.ts";
import { quiet, routed } from "../support/peer.ts";
import { read } from "../support/requests.ts";

/** A transport that does nothing by itself. */
function inert(): { transport: Transport; receiver: () => Receiver; closed: () => number } {
  let receiver: Receiver = { receive: () => {}, ended: () => {} };
  let closed = 0;
  const transport: Transport = {
    traits: SOCKET_TRAITS,
    start: (given) => void (receiver = given),
    send: () => {},
    close: () => Promise.resolve(void closed++),
  };
  return { transport, receiver: () => receiver, closed: () => closed };
}

describe("router, ending", () => {
  test("the end of the connection fails all that waits, each with its operation and path", async () => {
    const { router, peer, ends } = routed();
    const waiting = ["/a", "/b"].map((path) => read(router, path));
    await peer.take(2);
    peer.cut();
    const errors = await Promise.all(waiting.map((failed) => assertRejects(() => failed, ConnectionError)));
    assertEquals(errors.map(({ operation, path }) => `${operation} ${path}`), ["READ /a", "READ /b"]);
    assertEquals(errors.map(({ code }) => code), ["ECONNRESET", "ECONNRESET"]);
    assertEquals(ends.length, 1);
  });

  test("requests after the end fail immediately with the same reason", async () => {
    const { router, peer } = routed();
    peer.cut();
    await assertRejects(() => read(router, "/a"), ConnectionError);
    const error = await assertRejects(() => read(router, "/b"), ConnectionError, 'READ "/b"');
    assertEquals([error.code, router.isConnected], ["ECONNRESET", false]);
    assertInstanceOf(error.cause as Error, ConnectionError);
  });

  test("replies that came before the end still count", async () => {
    const { router, peer } = routed();
    const reply = read(router, "/a");
    (await peer.next()).reply("last words");
    peer.cut();
    assertEquals(await reply, "last words|");
  });

  for (const length of [1, 15, 16, 17, 19]) {
    test(`an end ${length} bytes into a reply says that it was cut`, async () => {
      const { router, peer } = routed();
      const failed = read(router, "/a");
      peer.send((await peer.next()).answer("abc").slice(0, length));
      peer.cut();
      await assertRejects(() => failed, ConnectionError, "in the middle of a message");
    });
  }

  test("an end between messages does not say so", async () => {
    const { router, peer } = routed();
    peer.cut();
    const { message } = await assertRejects(() => read(router, "/a"), ConnectionError);
    assertEquals(message.includes("middle"), false);
  });

  test("the code is that of the system, or EPIPE", async () => {
    for (const [cause, code] of [[codedError("ETIMEDOUT", "gone"), "ETIMEDOUT"], [undefined, "EPIPE"]] as const) {
      const { transport, receiver } = inert();
      const router = new Router(transport);
      const failed = read(router, "/a");
      receiver().ended(cause);
      assertEquals((await assertRejects(() => failed, ConnectionError)).code, code);
    }
  });

  test("an end that the transport tells twice is told once", async () => {
    const { transport, receiver, closed } = inert();
    const ends: Error[] = [];
    const router = new Router(transport, (error) => ends.push(error));
    receiver().ended(codedError("EPIPE", "first"));
    receiver().ended(codedError("EIO", "second"));
    receiver().receive(new Uint8Array(16).fill(0xff));
    assertEquals([ends.length, closed(), router.isConnected], [1, 1, false]);
    assertEquals((await assertRejects(() => read(router, "/a"), ConnectionError)).code, "EPIPE");
  });

  test("close() fails all pending requests immediately, even if the transport is slow", async () => {
    const { transport } = inert();
    const router = new Router({ ...transport, close: () => new Promise(() => {}) });
    const failed = read(router, "/a");
    void router.close();
    await assertRejects(() => failed, ConnectionError, "the client was closed");
  });

  test("close() is no end by itself, and closing twice is fine", async () => {
    const { router, peer, ends } = routed();
    await router.close();
    await Promise.all([router.close(), router.close()]);
    await peer.ended;
    assertEquals([ends.length, router.isConnected], [0, false]);
  });

  test("close() after the end keeps the reason for the end", async () => {
    const { router, peer } = routed();
    peer.send(new Uint8Array(16).fill(0xff));
    await assertRejects(() => read(router, "/a"), UnexpectedPacketError);
    await router.close();
    await assertRejects(() => read(router, "/b"), UnexpectedPacketError);
  });

  test("nothing of a reply is delivered after close()", async () => {
    const { router, peer, ends } = routed();
    const failed = read(router, "/a");
    const request = await peer.next();
    request.reply("too late");
    void router.close();
    await assertRejects(() => failed, ConnectionError);
    peer.send(new Uint8Array(16).fill(0xff));
    await quiet();
    assertEquals(ends.length, 0);
  });

  test("a transport that cannot be closed hides nothing of why the connection is over", async () => {
    const { transport, receiver } = inert();
    const ends: ConnectionError[] = [];
    const router = new Router({ ...transport, close: () => Promise.reject(new Error("no")) }, (end) => ends.push(end));
    const waiting = read(router, "/a");
    receiver().ended(codedError("EPIPE", "gone"));
    assertEquals((await assertRejects(() => waiting, ConnectionError)).code, "EPIPE");
    await quiet();
    assertEquals(ends.map(({ code }) => code), ["EPIPE"]);
  });
});
