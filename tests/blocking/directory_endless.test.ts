// Lists of children without an event loop, from a store that does not play by the rules.

import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { listDirectory } from "../../src/blocking/directory.ts";
import { Operation } from "../../src/wire/operations.ts";
import { LISTING_MAX } from "../../src/wire/decoder.ts";
import { bytes } from "../support/bytes.ts";

for (const size of [1, 4000]) {
  describe(`listDirectory() with parts of ${size} bytes`, () => {
    test("returns E2BIG if the parts do not end", () => {
      const part = bytes(`1|${"x".repeat(size)}|`);
      let parts = 0;
      const names = listDirectory((operation) => {
        if (operation === Operation.DIRECTORY) return "E2BIG";
        parts++;
        return part;
      }, "/a");
      assertEquals(names, "E2BIG");
      assert(parts <= LISTING_MAX / 1024 + 1, `${parts}`);
    });
  });
}
