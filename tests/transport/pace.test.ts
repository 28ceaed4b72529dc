// The pace of deliveries within a process: their order, and the timers that fire in between.

import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { memoryPair } from "../../src/transport/memory.ts";
import { Pace } from "../../src/transport/pace.ts";
import { bytes } from "../support/bytes.ts";

/** More than any machine does in one turn, so that a test that would never end fails instead. */
const MANY = 5_000_000;

function soon(pace: Pace): Promise<void> {
  return new Promise((resolve) => pace.soon(resolve));
}

/** Repeats a function until a timer fires. Returns whether it fired. */
async function untilTimer(again: () => Promise<unknown>): Promise<boolean> {
  let fired = false;
  setTimeout(() => fired = true, 0);
  for (let i = 0; i < MANY && !fired; i++) await again();
  return fired;
}

describe("Pace", () => {
  test("soon() calls back in order, and not in the caller's turn", async () => {
    const pace = new Pace();
    const called: number[] = [];
    for (let i = 0; i < 100; i++) pace.soon(() => called.push(i));
    assertEquals(called, []);
    await soon(pace);
    assertEquals(called, Array.from({ length: 100 }, (_, i) => i));
  });

  test("soon() calls back in order, whether or not a turn of the event loop is due", async () => {
    const pace = new Pace();
    const called: number[] = [];
    let asked = 0;
    const ask = () => {
      const number = asked++;
      pace.soon(() => called.push(number));
      return soon(pace);
    };
    assert(await untilTimer(ask));
    assertEquals(called, called.map((_, i) => i));
  });

  test("a timer fires while callbacks call soon() without end", async () => {
    const pace = new Pace();
    assert(await untilTimer(() => soon(pace)));
  });

  test("a timer fires while several callers call soon() in alternation", async () => {
    const pace = new Pace();
    let ended = false;
    const others = Array.from({ length: 5 }, async () => {
      for (let i = 0; i < MANY && !ended; i++) await soon(pace);
    });
    ended = await untilTimer(() => soon(pace));
    assert(ended);
    await Promise.all(others);
  });
});

describe("the pace of memoryPair()", () => {
  test("a timer fires while one side answers the other without end", async () => {
    const [near, far] = memoryPair();
    far.start({ receive: (received) => far.send(received), ended: () => {} });
    let answered = () => {};
    near.start({ receive: () => answered(), ended: () => {} });
    const ask = () =>
      new Promise<void>((resolve) => {
        answered = resolve;
        near.send(bytes("x"));
      });
    assert(await untilTimer(ask));
    await near.close();
  });
});
