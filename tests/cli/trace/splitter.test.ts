// The splitter of `trace`: messages and other bytes, cut anywhere.

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { type Piece, type Side, Splitter } from "../../../src/cli/trace/splitter.ts";
import { encodePacket } from "../../../src/wire/encoder.ts";
import { encodeHeader, HEADER_SIZE } from "../../../src/wire/header.ts";
import { Operation } from "../../../src/wire/operations.ts";
import { concat, pieces } from "../../support/bytes.ts";

/** Splits chunks, and joins neighbouring bytes that are no message. */
function split(side: Side, chunks: readonly Uint8Array[]): Piece[] {
  const splitter = new Splitter(side);
  const all = [...chunks.flatMap((chunk) => splitter.push(chunk)), ...splitter.end()];
  const joined: Piece[] = [];
  for (const piece of all) {
    const last = joined.at(-1);
    if (piece.type === "bytes" && last?.type === "bytes") {
      joined[joined.length - 1] = { type: "bytes", bytes: concat([last.bytes, piece.bytes]) };
    } else joined.push(piece);
  }
  return joined;
}

/** Makes the bytes of pieces. */
function bytesOf(all: readonly Piece[]): Uint8Array {
  return concat(all.map((piece) => {
    if (piece.type === "bytes") return piece.bytes;
    const { type, requestId, transactionId, payload } = piece.packet;
    const header = new Uint8Array(HEADER_SIZE);
    encodeHeader(header, 0, type, requestId, transactionId, payload.length);
    return concat([header, payload]);
  }));
}

/** A header that announces so many bytes. */
function header(type: number, length: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_SIZE);
  encodeHeader(bytes, 0, type, 1, 2, length);
  return bytes;
}

const messages = [
  encodePacket(Operation.READ, 1, 0, ["/a"]),
  encodePacket(Operation.TRANSACTION_START, 0xffffffff, 7, []),
  encodePacket(99, 3, 0xffffffff, [new Uint8Array([0, 255, 10])]),
];
const streams: readonly (readonly [name: string, bytes: Uint8Array, count: number])[] = [
  ["whole messages", concat(messages), 3],
  ["half a header", concat([...messages, header(Operation.READ, 3).subarray(0, 7)]), 4],
  ["half a payload", concat([...messages, header(Operation.READ, 3), new Uint8Array([47])]), 4],
  ["a header that announces too long a payload", concat([...messages, header(Operation.WRITE, 4097), ...messages]), 4],
  ["garbage", concat([messages[0] ?? new Uint8Array(), new Uint8Array(40).fill(0xee)]), 2],
];

describe("the splitter of trace", () => {
  for (const [name, bytes, count] of streams) {
    test(`${name}: the pieces are the same wherever the bytes are cut, and no byte is lost`, () => {
      const whole = split("client", [bytes]);
      assertEquals(whole.length, count);
      assertEquals(bytesOf(whole), bytes);
      for (let cut = 0; cut <= bytes.length; cut++) assertEquals(split("client", pieces(bytes, cut)), whole);
      assertEquals(split("client", Array.from(bytes, (byte) => new Uint8Array([byte]))), whole);
    });
  }

  test("a chunk that is overwritten afterwards changes no piece", () => {
    const splitter = new Splitter("client");
    const bytes = concat(messages);
    const found: Piece[] = [];
    for (let at = 0; at < bytes.length; at += 5) {
      const chunk = bytes.slice(at, at + 5);
      found.push(...splitter.push(chunk));
      chunk.fill(0xee);
    }
    assertEquals(bytesOf(found), bytes);
  });

  test("a store may answer DIRECTORY with up to 4 MiB, and a client may not ask with more than 4096 bytes", () => {
    const payload = new Uint8Array(100_000).fill(97);
    const list = concat([header(Operation.DIRECTORY, payload.length), payload]);
    const chunks = Array.from({ length: 2 }, (_, i) => list.subarray(i * 65536, (i + 1) * 65536));
    const [message, ...others] = split("store", chunks);
    assertEquals([message?.type, others], ["message", []]);
    assertEquals(split("client", chunks), [{ type: "bytes", bytes: list }]);
    assertEquals(split("store", [header(Operation.DIRECTORY, (4 << 20) + 1)])[0]?.type, "bytes");
    assertEquals(split("store", [header(Operation.READ, 4097)])[0]?.type, "bytes");
  });

  test("isBetweenMessages tells whether all bytes belonged to whole messages", () => {
    const splitter = new Splitter("client");
    const states = [splitter.isBetweenMessages];
    for (const chunk of pieces(concat(messages), 3, 19)) {
      splitter.push(chunk);
      states.push(splitter.isBetweenMessages);
    }
    splitter.push(header(Operation.READ, 4097));
    assertEquals([...states, splitter.isBetweenMessages], [true, false, true, true, false]);
  });
});
