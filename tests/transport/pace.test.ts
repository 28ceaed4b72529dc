// The pace of deliveries within a process: how soon they are, and who gets a turn in between.

import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { memoryPair } from "../../src/transport/memory.ts";
import { Pace } from "../../src/transport/pace.ts";
import { bytes } from "../support/bytes.ts";

/** More than any machine does in a turn of the event loop, so that a test that would never end fails instead. */
const MANY = 5_000_000;

function soon(pace: Pace): Promise<void> {
  return new Promise((resolve) => pace.soon(resolve));
}

/** Does something again and again until a timer fires; gives whether it did. */
async function untilTimer(again: () => Promise<unknown>): Promise<boolean> {
  let fired = false;
  setTimeout(() => fired = true, 0);
  for (let i = 0; i < MANY && !fired; i++) await again();
  return fired;
}

describe("a pace", () => {
  test("calls back in the order in which it was asked to, and not in the caller's own turn", async () => {
    const pace = new Pace();
    const called: number[] = [];
    for (let i = 0; i < 100; i++) pace.soon(() => called.push(i));
    assertEquals(called, []);
    await soon(pace);
    assertEquals(called, Array.from({ length: 100 }, (_, i) => i));
  });

  test("calls back in the order in which it was asked to, whether a turn is due or not", async () => {
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

  test("lets timers fire while callbacks ask for callbacks without end", async () => {
    const pace = new Pace();
    assert(await untilTimer(() => soon(pace)));
  });

  test("lets timers fire although several do so by turns", async () => {
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

describe("a memory pair", () => {
  test("lets timers fire while one side answers the other without end", async () => {
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
