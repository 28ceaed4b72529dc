// The checks of arguments that every room needs.

import { describe, test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { checkedWhole, kindFault, wholeFault } from "../../src/wire/checks.ts";

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

  test("rejects a value of another kind", () => {
    assertThrows(() => checkedWhole("size", "5" as unknown as number, 1), RangeError, "size is 5");
  });
});

describe("wholeFault()", () => {
  test("is null for a number that passes, and text for another", () => {
    assertEquals(wholeFault("size", 1, 1), null);
    assertEquals(wholeFault("size", 0, 1), "size is 0: expected a whole number from 1");
  });
});

describe("kindFault()", () => {
  test("names what was expected and what was given", () => {
    assertEquals(kindFault("a value", null), "a value is a string or a Uint8Array: got null");
    assertEquals(kindFault("a path", 5), "a path is a string or a Uint8Array: got number");
  });
});
