// Values that exist once in a process.

import { describe, test } from "node:test";
import { assert, assertStrictEquals } from "@std/assert";
import { processWide } from "../../src/transport/process_wide.ts";

describe("processWide()", () => {
  test("processWide() creates a value at the first call, and returns the same value afterwards", () => {
    const made = processWide("test.first", () => new Map());
    assertStrictEquals(processWide("test.first", () => new Map()), made);
    assert(processWide("test.second", () => new Map()) !== made);
  });
});
