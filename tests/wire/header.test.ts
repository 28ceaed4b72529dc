// Headers, against messages that real bindings and daemons sent.

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { encodePacket, type Part } from "../../src/wire/encoder.ts";
import { decodeHeader, encodeHeader, HEADER_SIZE } from "../../src/wire/header.ts";
import { bytes, concat, hex } from "../support/bytes.ts";

interface Golden {
  readonly what: string;
  readonly words: [type: number, requestId: number, transactionId: number, length: number];
  readonly parts: readonly Part[];
  readonly wire: [header: string, payload: string];
}

const golden: Golden[] = [
  {
    what: "the start of a transaction",
    words: [6, 0, 0, 1],
    parts: [""],
    wire: ["06000000 00000000 00000000 01000000", "|"],
  },
  {
    what: "the commit of transaction 1",
    words: [7, 0, 1, 2],
    parts: ["T"],
    wire: ["07000000 00000000 01000000 02000000", "T|"],
  },
  {
    what: "a watch whose token is an address",
    words: [4, 0, 0, 13],
    parts: ["/zz", "10861352"],
    wire: ["04000000 00000000 00000000 0d000000", "/zz|10861352|"],
  },
  {
    what: "the introduction of a domain with gfn -1",
    words: [8, 0, 0, 25],
    parts: ["3", "18446744073709551615", "7"],
    wire: ["08000000 00000000 00000000 19000000", "3|18446744073709551615|7|"],
  },
  {
    what: "the error of a read in an unknown transaction",
    words: [16, 7, 12345, 7],
    parts: ["ENOENT"],
    wire: ["10000000 07000000 39300000 07000000", "ENOENT|"],
  },
  {
    what: "the reply to a read of an empty node",
    words: [2, 258, 0, 0],
    parts: [],
    wire: ["02000000 02010000 00000000 00000000", ""],
  },
  {
    what: "the features of a store",
    words: [23, 0xfedcba98, 0, 3],
    parts: ["14"],
    wire: ["17000000 98badcfe 00000000 03000000", "14|"],
  },
  {
    what: "words of 32 bits that are all set",
    words: [0xffffffff, 0xffffffff, 0xffffffff, 1],
    parts: [new Uint8Array([0xff])],
    wire: ["ffffffff ffffffff ffffffff 01000000", "\xff"],
  },
];

describe("header", () => {
  for (const { what, words, parts, wire: [header, payload] } of golden) {
    const [type, requestId, transactionId, length] = words;

    test(`${what} is encoded as on the wire`, () => {
      assertEquals(encodePacket(type, requestId, transactionId, parts), concat([hex(header), bytes(payload)]));
    });

    test(`${what} is decoded from the wire`, () => {
      assertEquals(decodeHeader(hex(header)), { type, requestId, transactionId, length });
    });
  }

  test("is written and read anywhere in a buffer, and touches nothing else of it", () => {
    const buffer = new Uint8Array(HEADER_SIZE + 6).fill(0xee);
    encodeHeader(buffer, 3, 1, 2, 3, 4);
    assertEquals(buffer, concat([hex("eeeeee"), hex("01000000 02000000 03000000 04000000"), hex("eeeeee")]));
    assertEquals(decodeHeader(buffer, 3), { type: 1, requestId: 2, transactionId: 3, length: 4 });
  });

  test("takes each word modulo 2^32", () => {
    const buffer = new Uint8Array(HEADER_SIZE);
    encodeHeader(buffer, 0, 2, 2 ** 32, 2 ** 32 + 5, 0);
    assertEquals(decodeHeader(buffer), { type: 2, requestId: 0, transactionId: 5, length: 0 });
  });

  test("never reads a word as negative", () => {
    assertEquals(decodeHeader(new Uint8Array(16).fill(0xff)).length, 0xffffffff);
  });
});
