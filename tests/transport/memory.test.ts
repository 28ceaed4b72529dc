// The pair of transports in memory: each receives what the other sends.

import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { memoryPair } from "../../src/transport/memory.ts";
import { codeOf } from "../../src/wire/system_errors.ts";
import { bytes, shown } from "../support/bytes.ts";
import { quiet } from "../support/peer.ts";
import { Inbox } from "../support/socket.ts";

describe("memoryPair()", () => {
  test("a memory pair carries bytes both ways, in order", async () => {
    const [near, far] = memoryPair();
    const [here, there] = [new Inbox(near), new Inbox(far)];
    for (const text of ["a", "b", "c"]) near.send(bytes(text));
    far.send(bytes("back"));
    assertEquals(shown(await there.bytes(3)), "abc");
    assertEquals(shown(await here.bytes(4)), "back");
  });

  test("a memory pair never delivers in the sender's turn", async () => {
    const [near, far] = memoryPair();
    const there = new Inbox(far);
    near.send(bytes("a"));
    assertEquals(there.length, 0);
    await there.bytes(1);
  });

  test("a memory pair keeps bytes that arrive before start()", async () => {
    const [near, far] = memoryPair();
    near.send(bytes("early"));
    await quiet();
    assertEquals(shown(await new Inbox(far).bytes(5)), "early");
  });

  test("a memory pair copies the bytes during the call", async () => {
    const [near, far] = memoryPair();
    const there = new Inbox(far);
    const buffer = bytes("abc");
    near.send(buffer);
    buffer.fill(0);
    assertEquals(shown(await there.bytes(3)), "abc");
  });

  test("close() ends the other side once, after its unread bytes", async () => {
    const [near, far] = memoryPair();
    const there = new Inbox(far);
    near.send(bytes("last words"));
    await near.close();
    await near.close();
    await there.ended;
    assertEquals(shown(await there.bytes(10)), "last words");
    await quiet();
    assertEquals(there.ends.map(codeOf), ["ECONNRESET"]);
  });

  test("a closed side receives nothing more, and is not told of an end", async () => {
    const [near, far] = memoryPair();
    const here = new Inbox(near);
    far.send(bytes("too late"));
    await near.close();
    far.send(bytes("much too late"));
    await quiet();
    assertEquals([here.length, here.ends], [0, []]);
  });

  test("a close before start() is reported after start()", async () => {
    const [near, far] = memoryPair();
    near.send(bytes("early"));
    await near.close();
    const there = new Inbox(far);
    await there.ended;
    assertEquals(there.length, 5);
  });

  test("a side that closes within receive() receives nothing more", async () => {
    const [near, far] = memoryPair();
    const there = new Inbox(far, () => void far.close());
    for (const text of ["a", "b"]) near.send(bytes(text));
    await quiet();
    assertEquals([there.length, there.ends], [1, []]);
  });

  test("a side may send within receive()", async () => {
    const [near, far] = memoryPair();
    const here = new Inbox(near);
    far.start({ receive: (received) => far.send(received), ended: () => {} });
    near.send(bytes("echo"));
    assertEquals(shown(await here.bytes(4)), "echo");
  });

  test("a side is ended by a close within the other side's receive()", async () => {
    const [near, far] = memoryPair();
    far.start({ receive: () => void far.close(), ended: () => assert(false) });
    const here = new Inbox(near);
    near.send(bytes("a"));
    await here.ended;
  });

  test("a memory pair has the given traits, by default those of a socket", () => {
    const traits = { payloadMax: 10, shared: true };
    assertEquals(memoryPair(traits).map((transport) => transport.traits), [traits, traits]);
    assertEquals(memoryPair()[0].traits, { payloadMax: 4096, shared: false });
  });
});
