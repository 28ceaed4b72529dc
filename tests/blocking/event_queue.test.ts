// The queue of pending events: their order and their tokens.

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { EventQueue } from "../../src/blocking/event_queue.ts";

describe("EventQueue", () => {
  test("take() returns 9,000 events in order", () => {
    const queue = new EventQueue();
    queue.push({ path: "0", token: "a" });
    for (let i = 1; i < 5000; i++) {
      queue.push({ path: `${i}`, token: "a" });
      assertEquals([queue.take()?.path, queue.length], [`${i - 1}`, 1]);
    }
    for (let i = 5000; i < 9000; i++) queue.push({ path: `${i}`, token: "a" });
    for (let i = 4999; i < 9000; i++) assertEquals(queue.take()?.path, `${i}`);
    assertEquals([queue.take(), queue.length], [null, 0]);
  });

  test("has() returns true for the tokens of queued events", () => {
    const queue = new EventQueue();
    for (const token of ["a", "b", "a"]) queue.push({ path: "/", token });
    const seen = (): boolean[] => ["a", "b", "c"].map((token) => queue.has(token));
    assertEquals(seen(), [true, true, false]);
    queue.take();
    assertEquals(seen(), [true, true, false]);
    queue.take();
    assertEquals(seen(), [true, false, false]);
    queue.take();
    assertEquals(seen(), [false, false, false]);
  });
});
