// Text in payloads: UTF-8, which may be invalid, Latin-1, and strings that NULs end.

import { describe, test } from "node:test";
import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { splitStrings, toBytes, toLatin1, toText, withoutNul } from "../../src/wire/text.ts";
import { bytes } from "../support/bytes.ts";

const utf8 = new TextEncoder();

describe("toText()", () => {
  const texts = [
    "",
    "a",
    "hello",
    "a\0b\0",
    "é",
    "日本語",
    "\u{1f600}",
    "\ufeffwith a BOM",
    "\ufeff",
    "x\ufeff",
    "\x7f\x80",
  ];
  for (const text of texts) {
    test(`reads ${JSON.stringify(text)}, short and long`, () => {
      for (const before of ["", "x".repeat(94), "x".repeat(95), "x".repeat(96), "x".repeat(97), "x".repeat(5000)]) {
        assertEquals(toText(utf8.encode(before + text)), before + text);
        assertEquals(toText(utf8.encode(text + before)), text + before);
      }
    });
  }

  const wrong: [what: string, bytes: string][] = [
    ["a byte that begins nothing", "\xff"],
    ["a continuation by itself", "a\x80"],
    ["a character cut short", "a\xc3"],
    ["an overlong NUL", "\xc0\x80"],
    ["half of a surrogate pair", "\xed\xa0\x80"],
    ["a character beyond the last one", "\xf4\x90\x80\x80"],
  ];
  for (const [what, text] of wrong) {
    test(`throws a TypeError for ${what}, short and long`, () => {
      assertThrows(() => toText(bytes(text)), TypeError);
      assertThrows(() => toText(bytes("x".repeat(200) + text)), TypeError);
    });
  }

  test("starts afresh after bytes that were no text", () => {
    assertThrows(() => toText(bytes("\xe2\x82")), TypeError);
    assertEquals(toText(utf8.encode("€")), "€");
  });

  test("reads a view into a larger buffer", () => {
    assertEquals(toText(utf8.encode("before é behind").subarray(7, 9)), "é");
  });
});

describe("toLatin1()", () => {
  test("makes each byte one character", () => {
    const all = Uint8Array.from({ length: 256 }, (_, i) => i);
    assertEquals([...toLatin1(all)].map((character) => character.charCodeAt(0)), [...all]);
  });
});

describe("toBytes()", () => {
  test("writes text as UTF-8, and leaves bytes as they are", () => {
    assertEquals(toBytes("é"), new Uint8Array([0xc3, 0xa9]));
    const value = new Uint8Array([0, 1, 255]);
    assertStrictEquals(toBytes(value), value);
  });
});

describe("withoutNul()", () => {
  test("takes one NUL off the end, and no more", () => {
    assertEquals(withoutNul(bytes("OK|")), bytes("OK"));
    assertEquals(withoutNul(bytes("OK")), bytes("OK"));
    assertEquals(withoutNul(bytes("OK||")), bytes("OK|"));
    assertEquals(withoutNul(bytes("|")), bytes(""));
    assertEquals(withoutNul(bytes("")), bytes(""));
  });
});

describe("splitStrings()", () => {
  const cases: [payload: string, strings: string[]][] = [
    ["", []],
    ["a|", ["a"]],
    ["a|b|", ["a", "b"]],
    ["a|b", ["a", "b"]],
    ["|", [""]],
    ["||", ["", ""]],
    ["a||b|", ["a", "", "b"]],
    ["\xff|", ["\xff"]],
  ];
  for (const [payload, strings] of cases) {
    test(`${JSON.stringify(payload)} is ${JSON.stringify(strings)}`, () => {
      assertEquals(splitStrings(bytes(payload)), strings);
    });
  }

  test("keeps nothing of the payload", () => {
    const payload = bytes("a|");
    const strings = splitStrings(payload);
    payload.fill(0x62);
    assert(strings[0] === "a");
  });
});
