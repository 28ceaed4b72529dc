// Private data: values by key, and the walk of libguestfs.

import { describe, test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { PrivateData } from "../../src/events/private_data.ts";

describe("private data", () => {
  test("returns what was set last, and undefined for an unknown key", () => {
    const data = new PrivateData();
    data.set("key", 1);
    data.set("key", 2);
    assertEquals([data.get("key"), data.get("other")], [2, undefined]);
  });

  for (const nothing of [null, undefined]) {
    test(`removes a value that is set to ${nothing}, and the walk skips it`, () => {
      const data = new PrivateData();
      data.set("a", 1);
      data.set("b", 2);
      data.set("a", nothing);
      assertEquals([data.get("a"), data.first(), data.next()], [undefined, ["b", 2], null]);
    });
  }

  test("refuses keys of the library and keys that are not strings", () => {
    const data = new PrivateData();
    const reserved = assertThrows(() => data.set("_mine", 1), RangeError);
    assertEquals(reserved.message, 'setPrivate: key "_mine" begins with "_": these keys belong to the library');
    assertThrows(() => data.set(5 as never, 1), TypeError, "a key is a string: got number");
  });

  test("walks over all entries, again from every first()", () => {
    const data = new PrivateData();
    for (const key of ["a", "b", "c"]) data.set(key, key);
    assertEquals([data.first(), data.next()], [["a", "a"], ["b", "b"]]);
    const walked = [data.first(), data.next(), data.next(), data.next(), data.next()];
    assertEquals(walked, [["a", "a"], ["b", "b"], ["c", "c"], null, null]);
  });

  test("ends a walk at a change", () => {
    const data = new PrivateData();
    data.set("a", 1);
    data.set("b", 2);
    data.first();
    data.set("c", 3);
    assertEquals(data.next(), null);
  });

  test("returns copies of its entries, and nothing after clear()", () => {
    const data = new PrivateData();
    data.set("a", 1);
    data.entries().pop();
    assertEquals(data.entries(), [["a", 1]]);
    data.clear();
    assertEquals([data.entries(), data.get("a"), data.first()], [[], undefined, null]);
  });
});
