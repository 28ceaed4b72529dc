// Lockstep: one message at a time, for a device that cannot take more.

import { describe, test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { Lockstep } from "../../src/transport/lockstep.ts";
import { codedError } from "../../src/wire/system_errors.ts";
import { Decoder } from "../../src/wire/decoder.ts";
import { encodePacket } from "../../src/wire/encoder.ts";
import { Operation } from "../../src/wire/operations.ts";

/** A device that records its messages and what the client receives. */
function device(refuse: (written: number) => Error | null = () => null) {
  const written: number[] = [];
  const received: string[] = [];
  const decoder = new Decoder(({ type, requestId, payload }) => {
    received.push(`${type} ${requestId} ${new TextDecoder().decode(payload)}`);
  });
  const lockstep = new Lockstep(
    (message) => {
      const error = refuse(written.length);
      new Decoder(({ requestId }) => written.push(requestId)).push(message);
      if (error !== null) throw error;
    },
    (bytes) => decoder.push(bytes),
    (error) => {
      throw error;
    },
  );
  return { lockstep, written, received };
}

const read = (id: number) => encodePacket(Operation.READ, id, 0, [`/${id}`]);
const value = (id: number) => encodePacket(Operation.READ, id, 0, [new TextEncoder().encode(`${id}`)]);

function joined(...pieces: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  pieces.reduce((at, piece) => (bytes.set(piece, at), at + piece.length), 0);
  return bytes;
}

describe("Lockstep", () => {
  test("Lockstep keeps the reply to a poll, and is idle after it", () => {
    const { lockstep, written, received } = device();
    assertEquals(lockstep.isIdle, true);
    lockstep.poll();
    lockstep.send(read(1));
    assertEquals([lockstep.isIdle, written], [false, [0]]);
    lockstep.receive(encodePacket(Operation.WATCH_EVENT, 0, 0, ["/a", "t"]));
    lockstep.receive(encodePacket(Operation.GET_DOMAIN_PATH, 0, 0, ["/local/domain/0"]));
    lockstep.receive(value(1));
    assertEquals([lockstep.isIdle, written, received.map((line) => line.split(" ")[0])], [true, [0, 1], ["15", "2"]]);
  });

  test("Lockstep takes a poll that the device refuses for answered", () => {
    const { lockstep, received } = device(() => codedError("EINVAL", "no"));
    lockstep.poll();
    assertEquals([lockstep.isIdle, received], [true, []]);
  });

  test("Lockstep writes each message separately, after the former one was answered", () => {
    const { lockstep, written, received } = device();
    lockstep.send(joined(read(1), read(2)));
    lockstep.send(read(3));
    assertEquals(written, [1]);
    assertEquals(lockstep.isAnswerDue, true);
    lockstep.receive(value(1));
    assertEquals(written, [1, 2]);
    lockstep.receive(value(2));
    lockstep.receive(value(3));
    assertEquals([written, lockstep.isAnswerDue], [[1, 2, 3], false]);
    assertEquals(received, ["2 1 1", "2 2 2", "2 3 3"]);
  });

  test("Lockstep writes the next message without waiting for the answer to one without payload", async () => {
    let resume = () => {};
    const { lockstep, written, received } = device((count) => {
      if (count === 1) queueMicrotask(resume);
      return null;
    });
    const accompanied = new Promise<void>((resolve) => resume = resolve);
    lockstep.send(joined(encodePacket(Operation.GET_FEATURE, 1, 0, []), read(2), read(3)));
    assertEquals([written, lockstep.isAnswerDue], [[1], false]);
    await accompanied;
    assertEquals([written, lockstep.isAnswerDue], [[1, 2], true]);
    lockstep.receive(encodePacket(Operation.ERROR, 1, 0, ["ENOSYS"]));
    assertEquals(written, [1, 2]);
    lockstep.receive(value(2));
    assertEquals(written, [1, 2, 3]);
    assertEquals(received, ["16 1 ENOSYS\0", "2 2 2"]);
  });

  test("Lockstep does not treat an event as an answer", () => {
    const { lockstep, written, received } = device();
    lockstep.send(joined(read(1), read(2)));
    // The ids of an event have no meaning.
    lockstep.receive(encodePacket(Operation.WATCH_EVENT, 1, 7, ["/a", "token"]));
    assertEquals([written, received.length], [[1], 1]);
  });

  test("Lockstep accepts answers that arrive byte by byte", () => {
    const { lockstep, written, received } = device();
    lockstep.send(joined(read(1), read(2)));
    for (const byte of joined(value(1), value(2))) lockstep.receive(Uint8Array.of(byte));
    assertEquals([written, received], [[1, 2], ["2 1 1", "2 2 2"]]);
  });

  test("Lockstep turns a rejected message into an ERROR reply, and writes the next one", async () => {
    const { lockstep, written, received } = device((count) => count === 1 ? codedError("EEXIST", "there it is") : null);
    lockstep.send(joined(read(1), read(2), read(3)));
    lockstep.receive(value(1));
    assertEquals(written, [1, 2, 3]);
    await Promise.resolve();
    lockstep.receive(value(3));
    assertEquals(received, ["2 1 1", `${Operation.ERROR} 2 EEXIST\0`, "2 3 3"]);
  });

  test("send() throws any other error of a write", () => {
    const { lockstep } = device(() => codedError("EIO", "it is gone"));
    assertThrows(() => lockstep.send(read(1)), Error, "it is gone");
  });

  test("Lockstep restores a missing id in an answer to WATCH or UNWATCH", () => {
    const { lockstep, received } = device();
    for (const type of [Operation.WATCH, Operation.UNWATCH]) {
      lockstep.send(encodePacket(type, 40 + type, 0, ["/a", "token"]));
      lockstep.receive(encodePacket(type, 0, 0, ["OK"]));
    }
    assertEquals(received, ["4 44 OK\0", "5 45 OK\0"]);
  });

  test("Lockstep does not change a missing id in any other answer", () => {
    const { lockstep, received } = device();
    lockstep.send(read(9));
    lockstep.receive(value(0));
    assertEquals(received, ["2 0 0"]);
  });
});
