// The queue that takes its oldest item without moving the others.

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { Fifo } from "../../src/wire/fifo.ts";
import { Random } from "../support/random.ts";

describe("Fifo", () => {
  test("gives items in the order in which they came", () => {
    const fifo = new Fifo<number>();
    for (const item of [1, 2, 3]) fifo.push(item);
    assertEquals([fifo.length, fifo.at(0), fifo.at(-1)], [3, 1, 3]);
    assertEquals([fifo.shift(), fifo.shift(), fifo.shift(), fifo.shift()], [1, 2, 3, undefined]);
    assertEquals([fifo.length, fifo.at(0), fifo.at(-1)], [0, undefined, undefined]);
  });

  test("is as an array under random changes, across the places that it keeps", () => {
    const random = new Random(1);
    const fifo = new Fifo<number>();
    let model: number[] = [];
    for (let i = 0, grows = true; i < 20_000; i++) {
      if (i % 3000 === 0) grows = !grows;
      if (random.often(grows ? 700 : 300)) model.push(i), fifo.push(i);
      else assertEquals(fifo.shift(), model.shift());
      if (random.often(1)) {
        assertEquals(fifo.takeAll(), model);
        model = [];
      }
      assertEquals([fifo.length, fifo.at(0), fifo.at(-1)], [model.length, model[0], model.at(-1)]);
    }
  });
});
