// The bytes that a sink takes a part of at a time.

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { Unsent } from "../../src/wire/unsent.ts";
import { Random } from "../support/random.ts";

/** A sink that takes a random part of what it is given, and keeps what it took. */
function sinkOf(random: Random): { taken: number[]; sink(bytes: Uint8Array): number } {
  const taken: number[] = [];
  return {
    taken,
    sink(bytes) {
      const part = random.below(bytes.length + 1);
      taken.push(...bytes.subarray(0, part));
      return part;
    },
  };
}

describe("Unsent", () => {
  test("gives a sink every byte once and in order, whatever part the sink takes", () => {
    const random = new Random(3);
    const { taken, sink } = sinkOf(random);
    const unsent = new Unsent();
    let sent = 0;
    for (let round = 0; round < 2000; round++) {
      const bytes = Uint8Array.from({ length: random.below(8) }, (_, i) => (sent + i) & 0xff);
      sent += bytes.length;
      unsent.push(bytes);
      if (random.often(500)) unsent.drain(sink);
      assertEquals(unsent.length, sent - taken.length);
    }
    while (unsent.length > 0) unsent.drain(sink);
    assertEquals(taken, Array.from({ length: sent }, (_, i) => i & 0xff));
  });

  test("asks the sink no more after it took a part", () => {
    const unsent = new Unsent();
    for (const bytes of [[1, 2], [3]]) unsent.push(Uint8Array.from(bytes));
    const given: number[][] = [];
    unsent.drain((bytes) => (given.push([...bytes]), 1));
    unsent.drain((bytes) => (given.push([...bytes]), bytes.length));
    assertEquals(given, [[1, 2], [2], [3]]);
    unsent.drain(() => given.push([]));
    assertEquals(given.length, 3);
  });

  test("drops its bytes, the rest of a chunk included", () => {
    const unsent = new Unsent();
    unsent.push(Uint8Array.of(1, 2));
    unsent.drain(() => 1);
    unsent.clear();
    assertEquals(unsent.length, 0);
    unsent.push(Uint8Array.of(3));
    const taken: number[] = [];
    unsent.drain((bytes) => taken.push(...bytes));
    assertEquals(taken, [3]);
  });
});
