// The checks of arguments that every room needs.

import { describe, test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { checkedWhole, checkNumber, checkOptions, kindFault, shown, wholeFault } from "../../src/wire/checks.ts";

describe("checkedWhole()", () => {
  test("returns a whole number within its bounds", () => {
    for (const value of [1, 5, 9]) assertEquals(checkedWhole("size", value, 1, 9), value);
    assertEquals(checkedWhole("size", 7n, 1, 2n ** 64n - 1n), 7n);
    assertEquals(checkedWhole("size", Number.MAX_VALUE, 1), Number.MAX_VALUE);
  });

  test("throws a RangeError that names the number, its value and its bounds", () => {
    assertThrows(() => checkedWhole("size", 0, 1, 9), RangeError, "size is 0: expected a whole number from 1 to 9");
    assertThrows(() => checkedWhole("size", 1.5, 1), RangeError, "size is 1.5: expected a whole number from 1");
    for (const value of [10, NaN, Infinity, -1n, 10n]) {
      assertThrows(() => checkedWhole("size", value, 1, 9), RangeError);
    }
    assertThrows(() => checkedWhole("size", Infinity, 1), RangeError);
  });

  test("rejects a number beyond 2^53 if there is an upper bound", () => {
    assertThrows(() => checkedWhole("gfn", 2 ** 60, 0, 2n ** 64n - 1n), RangeError);
  });

  test("accepts a bigint only if the upper bound is one", () => {
    assertThrows(() => checkedWhole("poll", 5n, 0, 9), RangeError, "poll is 5n: expected a whole number from 0 to 9");
    assertThrows(() => checkedWhole("limit", 5n, 1), RangeError, "limit is 5n: expected a whole number from 1");
  });

  test("rejects a value of another kind", () => {
    assertThrows(() => checkedWhole("size", "5" as unknown as number, 1), RangeError, 'size is "5"');
  });
});

describe("wholeFault()", () => {
  test("is null for a number that passes, and text for another", () => {
    assertEquals(wholeFault("size", 1, 1), null);
    assertEquals(wholeFault("size", 0, 1), "size is 0: expected a whole number from 1");
  });
});

describe("checkNumber()", () => {
  test("passes a number within its bounds, whole or not", () => {
    for (const value of [0, 0.5, 9]) checkNumber("pause", value, 9);
    checkNumber("pause", Infinity);
  });

  test("throws a RangeError that names the number, its value and its bounds", () => {
    assertThrows(() => checkNumber("pause", 9.5, 9), RangeError, "pause is 9.5: expected a number from 0 to 9");
    for (const value of [NaN, -1, 5n, "5", null, {}]) {
      assertThrows(() => checkNumber("pause", value), RangeError, `pause is ${shown(value)}: expected a number from 0`);
    }
  });
});

describe("shown()", () => {
  test("returns a text for a value of every kind", () => {
    const values = [5, 5n, "a b", Symbol("five"), null, undefined, true, Object.create(null), [5], () => 5];
    const texts = [
      "5",
      "5n",
      '"a b"',
      "Symbol(five)",
      "null",
      "undefined",
      "true",
      "an object",
      "an object",
      "a function",
    ];
    assertEquals(values.map(shown), texts);
  });
});

describe("kindFault()", () => {
  test("names what was expected and what was given", () => {
    assertEquals(kindFault("a value", null), "a value is a string or a Uint8Array: got null");
    assertEquals(kindFault("a path", 5), "a path is a string or a Uint8Array: got number");
  });
});

describe("checkOptions()", () => {
  const known = { signal: true, default: true } as const;
  const fault = (options: unknown) => assertThrows(() => checkOptions("read", options, known), TypeError).message;

  test("passes an object that has known options, or none", () => {
    for (const options of [{}, { signal: undefined }, { default: 1, signal: 2 }, Object.create(null)]) {
      checkOptions("read", options, known);
    }
  });

  test("names the unknown option and the nearest known one", () => {
    assertEquals(fault({ defualt: "" }), 'read: option "defualt" is unknown: did you mean "default"?');
    assertEquals(fault({ signal: null, Signals: null }), 'read: option "Signals" is unknown: did you mean "signal"?');
    assertEquals(fault({ toString: 1 }), 'read: option "toString" is unknown: did you mean "signal"?');
    assertEquals(fault(Object.create({ signl: 1 })), 'read: option "signl" is unknown: did you mean "signal"?');
  });

  test("rejects what is no object", () => {
    for (const value of [null, "text", 5]) {
      assertEquals(fault(value), `read: options are an object: got ${value === null ? "null" : typeof value}`);
    }
  });
});
