// How a buffer grows that bytes are appended to.

import { describe, test } from "node:test";
import { assertEquals, assertStrictEquals } from "@std/assert";
import { withRoom } from "../../src/wire/growth.ts";

describe("withRoom()", () => {
  test("returns the same buffer if it has the room", () => {
    const bytes = new Uint8Array(4);
    assertStrictEquals(withRoom(bytes, 2, 4), bytes);
  });

  test("returns a copy of what is used, at least twice as long", () => {
    const bytes = Uint8Array.of(1, 2, 3, 4);
    assertEquals([...withRoom(bytes, 2, 5)], [1, 2, 0, 0, 0, 0, 0, 0]);
    assertEquals(withRoom(bytes, 2, 100).length, 100);
  });
});
