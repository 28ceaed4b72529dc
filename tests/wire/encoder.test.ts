// The encoder: what it appends, keeps and hands out.

import { describe, test } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { encodePacket, Encoder } from "../../src/wire/encoder.ts";
import { bytes, concat, shown } from "../support/bytes.ts";

const payloadOf = (...parts: (string | Uint8Array)[]) => encodePacket(2, 1, 0, parts).slice(16);

describe("encoder", () => {
  test("writes text with a NUL after it, and bytes as they are", () => {
    assertEquals(shown(payloadOf("/a", bytes("v|w"), "t", bytes(""))), "/a|v|wt|");
  });

  test("writes an empty text as a NUL, and no parts as no payload", () => {
    assertEquals(shown(payloadOf("")), "|");
    assertEquals(payloadOf().length, 0);
  });

  for (const text of ["é", "abcé", "日本語", "a\u{1f600}b", "\ufeffx", "é".repeat(3000)]) {
    test(`writes ${JSON.stringify(text.slice(0, 8))} of ${text.length} units as UTF-8`, () => {
      assertEquals(payloadOf(text, "next"), concat([new TextEncoder().encode(text), bytes("|next|")]));
    });
  }

  test("writes text of every length around the size of its buffer", () => {
    for (let length = 4060; length < 4100; length++) {
      const text = "x".repeat(length);
      assertEquals(shown(payloadOf(text, "y")), `${text}|y|`);
      assertEquals(shown(payloadOf(`${text}\xe9`).slice(0, length)), text);
    }
  });

  test("returns the bytes of the payload", () => {
    const encoder = new Encoder();
    assertEquals(encoder.message(2, 1, 0, ["/a"]), 3);
    assertEquals(encoder.message(2, 1, 0, ["é", bytes("123")]), 6);
    assertEquals(encoder.message(2, 1, 0, []), 0);
    assertEquals(encoder.length, 16 + 3 + 16 + 6 + 16);
  });

  test("appends messages in order while its buffer grows", () => {
    const encoder = new Encoder();
    const messages = Array.from({ length: 1000 }, (_, i) => [`/path/${i}`, new Uint8Array(i).fill(i)]);
    for (const [i, parts] of messages.entries()) encoder.message(11, i, 7, parts);
    assertEquals(encoder.take(), concat(messages.map((parts, i) => encodePacket(11, i, 7, parts))));
  });

  test("is empty after its messages were taken", () => {
    const encoder = new Encoder();
    encoder.message(2, 1, 0, ["/a"]);
    encoder.take();
    assertEquals(encoder.length, 0);
    assertEquals(encoder.take().length, 0);
    encoder.message(2, 2, 0, ["/b"]);
    assertEquals(encoder.take(), encodePacket(2, 2, 0, ["/b"]));
  });

  test("starts afresh after a batch that took a large buffer", () => {
    const encoder = new Encoder();
    const large = new Uint8Array(200_000).fill(1);
    encoder.message(11, 1, 0, [large]);
    const taken = encoder.take();
    encoder.message(2, 2, 0, ["/b"]);
    assertEquals(taken.subarray(16), large);
    assert(encoder.take().buffer.byteLength < 65536);
  });

  test("takes messages back", () => {
    const encoder = new Encoder();
    encoder.message(2, 1, 0, ["/a"]);
    const { length } = encoder;
    encoder.message(11, 2, 0, ["/b", new Uint8Array(10_000)]);
    encoder.truncate(length);
    encoder.message(2, 3, 0, ["/c"]);
    assertEquals(encoder.take(), concat([encodePacket(2, 1, 0, ["/a"]), encodePacket(2, 3, 0, ["/c"])]));
  });

  test("keeps nothing of a message with an invalid part", () => {
    const encoder = new Encoder();
    encoder.message(2, 1, 0, ["/a"]);
    const parts = ["/b", undefined as unknown as string];
    assertThrows(() => encoder.message(2, 2, 0, parts), TypeError, "a part is a string or a Uint8Array: got undefined");
    assertEquals(encoder.take(), encodePacket(2, 1, 0, ["/a"]));
  });

  test("hands a single message out in bytes of its own", () => {
    const packet = encodePacket(2, 1, 0, ["/a"]);
    assertEquals(packet.byteLength, packet.buffer.byteLength);
  });
});
