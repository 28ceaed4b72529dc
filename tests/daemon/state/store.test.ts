// The store: which domains may connect.

import { describe, test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { TestStore } from "../support.ts";

describe("attach()", () => {
  test("throws a RangeError for a domain that is known, and not introduced", () => {
    const { core, tell } = new TestStore();
    tell("SET_FEATURE", "5|2|");
    assertEquals(core.domains.has(5), true);
    assertThrows(() => core.attach(5), RangeError, "cannot connect as domain 5: it is not introduced");
    tell("INTRODUCE", "5|1|1|");
    assertEquals(core.attach(5).domid, 5);
    tell("RELEASE", "5|");
    assertThrows(() => core.attach(5), RangeError, "cannot connect as domain 5: it is not introduced");
  });
});
