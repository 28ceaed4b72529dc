// The decoder: a stream cut anywhere gives the same messages, and what cannot be one is refused.

import { describe, test } from "node:test";
import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { Decoder, DIRECTORY_REPLY_MAX, FrameError } from "../../src/wire/decoder.ts";
import { encodePacket } from "../../src/wire/encoder.ts";
import { encodeHeader, type Packet, PAYLOAD_MAX } from "../../src/wire/header.ts";
import { bytes, concat, pieces } from "../support/bytes.ts";

const copy = (packet: Packet): Packet => ({ ...packet, payload: packet.payload.slice() });

/** Pushes chunks, each in the buffer of the ones before, and returns the decoded messages. */
function decoded(chunks: readonly Uint8Array[]): Packet[] {
  const packets: Packet[] = [];
  const decoder = new Decoder((packet) => packets.push(copy(packet)));
  for (const chunk of chunks) {
    const shared = chunk.slice();
    decoder.push(shared);
    // The bytes hold only during the call: who kept a view of them finds this.
    shared.fill(0xaa);
  }
  assert(!decoder.midMessage);
  return packets;
}

function packet(type: number, requestId: number, transactionId: number, payload: Uint8Array): Packet {
  return { type, requestId, transactionId, payload };
}

const few: Packet[] = [
  packet(2, 1, 0, bytes("value")),
  packet(2, 2, 0, bytes("")),
  packet(15, 0, 0, bytes("/a|token|")),
  packet(16, 0xffffffff, 12345, bytes("ENOENT|")),
  packet(77, 3, 0, bytes("")),
  packet(1, 4, 1, bytes("a|b|c|")),
];
const many: Packet[] = [
  ...few,
  packet(2, 5, 0, new Uint8Array(PAYLOAD_MAX).map((_, i) => i)),
  ...few,
  packet(2, 6, 0, new Uint8Array(PAYLOAD_MAX).map((_, i) => i * 7)),
  packet(2, 7, 0, bytes("")),
];
const wire = (packets: readonly Packet[]) =>
  concat(
    packets.map(({ type, requestId, transactionId, payload }) =>
      encodePacket(type, requestId, transactionId, [payload])
    ),
  );

function header(type: number, length: number): Uint8Array {
  const header = new Uint8Array(16);
  encodeHeader(header, 0, type, 9, 0, length);
  return header;
}

describe("decoder", () => {
  test("finds many messages in one chunk", () => assertEquals(decoded([wire(many)]), many));

  test("finds them one byte at a time", () => {
    const whole = wire(many);
    assertEquals(decoded(Array.from(whole, (byte) => Uint8Array.of(byte))), many);
  });

  test("finds them cut at every byte", () => {
    const whole = wire(few);
    for (let cut = 0; cut <= whole.length; cut++) assertEquals(decoded(pieces(whole, cut)), few, `cut at ${cut}`);
  });

  test("finds them cut at every two bytes", () => {
    const whole = wire(few);
    for (let first = 0; first <= whole.length; first++) {
      for (let second = first; second <= whole.length; second++) {
        assertEquals(decoded(pieces(whole, first, second)), few, `cut at ${first} and ${second}`);
      }
    }
  });

  test("finds messages of 4096 bytes cut at every byte", () => {
    const messages = [packet(2, 1, 0, new Uint8Array(PAYLOAD_MAX).map((_, i) => i)), packet(2, 2, 0, bytes("x"))];
    const whole = wire(messages);
    for (let cut = 0; cut <= whole.length; cut += 1) assertEquals(decoded(pieces(whole, cut)).length, 2);
    for (let cut = 0; cut <= whole.length; cut += 97) assertEquals(decoded(pieces(whole, cut)), messages);
  });

  test("ignores empty chunks", () => {
    const [one, two] = pieces(wire(few), 20);
    assert(one !== undefined && two !== undefined);
    const none = new Uint8Array(0);
    assertEquals(decoded([none, one, none, two, none]), few);
  });

  test("gives a view of the chunk if the chunk has the whole message", () => {
    const chunk = wire(few);
    new Decoder(({ payload }) => assertStrictEquals(payload.buffer, chunk.buffer)).push(chunk);
  });

  test("gives a view of the chunk again after a message that was cut", () => {
    const [one, two] = pieces(wire(few), 10);
    assert(one !== undefined && two !== undefined);
    const views: boolean[] = [];
    const decoder = new Decoder(({ payload }) => views.push(payload.buffer === two.buffer));
    decoder.push(one);
    decoder.push(two);
    assertEquals(views, [false, true, true, true, true, true]);
  });

  test("says whether a message has begun", () => {
    const decoder = new Decoder(() => {});
    assertEquals(decoder.midMessage, false);
    for (const byte of encodePacket(2, 1, 0, ["/a"]).subarray(0, -1)) {
      decoder.push(Uint8Array.of(byte));
      assertEquals(decoder.midMessage, true);
    }
    decoder.push(new Uint8Array(1));
    assertEquals(decoder.midMessage, false);
  });

  for (const [what, type, length] of [["4097 bytes", 2, 4097], ["2^32-1 bytes", 15, 0xffffffff]] as const) {
    test(`refuses a message of ${what} as soon as its header is there, after the messages before`, () => {
      const stream = concat([wire(few), header(type, length)]);
      for (let cut = 0; cut <= stream.length; cut++) {
        const packets: Packet[] = [];
        const decoder = new Decoder((packet) => packets.push(copy(packet)));
        const error = assertThrows(
          () => pieces(stream, cut).forEach((piece) => decoder.push(piece)),
          FrameError,
          `${length} bytes`,
        );
        assertEquals(error.header, { type, requestId: 9, transactionId: 0, length });
        assertEquals(packets, few);
      }
    });
  }

  test("takes a directory of the most bytes allowed, in one piece and cut", () => {
    const payload = new Uint8Array(DIRECTORY_REPLY_MAX).fill(0x61);
    const messages = [packet(1, 1, 0, payload), ...few];
    const whole = wire(messages);
    for (const cuts of [[], [5], [16], [17], [4112, 70_000], [whole.length - 3]]) {
      const packets = decoded(pieces(whole, ...cuts));
      assertEquals(packets.map(({ requestId }) => requestId), messages.map(({ requestId }) => requestId));
      assert(packets[0]?.payload.every((byte) => byte === 0x61));
      assertEquals(packets[0]?.payload.length, DIRECTORY_REPLY_MAX);
      assertEquals(packets.slice(1), few);
    }
  });

  test("refuses a directory of one byte more", () => {
    assertThrows(() => new Decoder(() => {}).push(header(1, DIRECTORY_REPLY_MAX + 1)), FrameError);
  });

  test("keeps no large buffer after a large directory", () => {
    const buffers: number[] = [];
    const decoder = new Decoder(({ payload }) => buffers.push(payload.buffer.byteLength));
    const stream = concat([encodePacket(1, 1, 0, [new Uint8Array(1 << 20)]), encodePacket(2, 2, 0, ["x"])]);
    for (const piece of pieces(stream, 100, stream.length - 1)) decoder.push(piece);
    assert((buffers[1] ?? Infinity) < 8192);
  });
});
