// The packets of SFTP: how requests are written, and replies are read however they are cut.

import { describe, test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { type Field, Fields, packet, PacketError, PacketReader } from "../../../src/pools/sftp/packets.ts";

describe("packet()", () => {
  test("writes each kind of field, after the length", () => {
    const bytes = packet({ byte: 7 }, 0x01020304, 5n, "é", new Uint8Array([9]));
    assertEquals([...bytes], [0, 0, 0, 24, 7, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 2, 195, 169, 0, 0, 0, 1, 9]);
  });
});

describe("PacketReader", () => {
  const packets = [packet({ byte: 1 }), packet({ byte: 101 }, 7, "text"), packet({ byte: 2 }, 3)];
  const stream = new Uint8Array(packets.flatMap((one) => [...one]));
  const expected = packets.map((one) => [...one.subarray(4)]);

  test("finds the packets of a stream that is cut at any two bytes", () => {
    for (let first = 0; first <= stream.length; first++) {
      for (let second = first; second <= stream.length; second++) {
        const reader = new PacketReader();
        const pieces = [stream.subarray(0, first), stream.subarray(first, second), stream.subarray(second)];
        assertEquals(pieces.flatMap((piece) => reader.add(piece)).map((one) => [...one]), expected);
      }
    }
  });

  test("finds the packets of a stream that comes byte by byte", () => {
    const reader = new PacketReader();
    const found = [...stream].flatMap((byte) => reader.add(Uint8Array.of(byte)));
    assertEquals(found.map((one) => [...one]), expected);
  });

  test("refuses a packet that is empty or too long, before its bytes come", () => {
    for (const length of [0, 2 ** 20 + 1, 2 ** 32 - 1]) {
      const bytes = new Uint8Array(4);
      new DataView(bytes.buffer).setUint32(0, length);
      assertThrows(() => new PacketReader().add(bytes), PacketError, `a packet has ${length} bytes`);
    }
  });
});

describe("Fields", () => {
  test("reads attributes, with and without each of their fields", () => {
    const fields = (...values: readonly Field[]) => new Fields(packet(...values).subarray(4));
    assertEquals(fields(0).attributes(), { size: 0, isRegular: false, isLink: false, modified: 0 });
    assertEquals(fields(15, 3n, 0, 0, 0o100600, 5, 7).attributes(), {
      size: 3,
      isRegular: true,
      isLink: false,
      modified: 7000,
    });
    assertEquals(fields(4, 0o120777).attributes(), { size: 0, isRegular: false, isLink: true, modified: 0 });
    const extended = fields(0x80000001, 3n, 1, "name", "data", 42);
    assertEquals(extended.attributes().size, 3);
    assertEquals(extended.number(), 42);
    assertEquals(extended.isAtEnd, true);
  });

  test("refuses a reply that is cut at any byte", () => {
    const bytes = packet({ byte: 1 }, 2, 3n, "text").subarray(4);
    for (let length = 0; length < bytes.length; length++) {
      const fields = new Fields(bytes.subarray(0, length));
      assertThrows(() => [fields.byte(), fields.number(), fields.long(), fields.text()], PacketError, "a reply is cut");
    }
  });

  test("refuses a text that is longer than its reply", () => {
    assertThrows(() => new Fields(packet(2 ** 32 - 1).subarray(4)).text(), PacketError);
  });
});
