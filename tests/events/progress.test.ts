// Progress events come at the times of libguestfs, and end only if they began.

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { EventClass, type ProgressEvent } from "../../src/events/classes.ts";
import { Progress } from "../../src/events/progress.ts";
import { FakeClock } from "./fake_clock.ts";
import { Reporter } from "../../src/events/reporter.ts";

function progress() {
  const clock = new FakeClock();
  const reporter = new Reporter();
  const seen: (readonly [number, number, number])[] = [];
  reporter.add((event) => {
    const { position, total } = event as ProgressEvent;
    seen.push([Math.round(clock.now()), position, total]);
  }, EventClass.PROGRESS);
  const operation = new Progress(reporter, { operationNumber: 1000, operation: "walk", serial: 1 }, clock);
  return { clock, seen, operation, reporter };
}

describe("progress", () => {
  test("sends nothing in the first two seconds, and then no event of the end", () => {
    const { clock, seen, operation } = progress();
    clock.pass(1999);
    operation.advance(5, 10);
    operation.done();
    assertEquals(seen, []);
  });

  test("sends the first event two seconds after the start, and others a third of a second apart", () => {
    const { clock, seen, operation } = progress();
    for (let i = 1; i < 30; i++) {
      clock.pass(100);
      operation.advance(i, 30);
    }
    operation.done();
    assertEquals(seen, [[2000, 20, 30], [2400, 24, 30], [2800, 28, 30], [2900, 30, 30]]);
  });

  test("sends the end once, although the operation says that it arrived", () => {
    const { clock, seen, operation } = progress();
    clock.pass(2500);
    operation.advance(1, 2);
    clock.pass(500);
    operation.advance(2, 2);
    operation.done();
    assertEquals(seen, [[2500, 1, 2], [3000, 2, 2]]);
  });

  test("sends nothing after an error", () => {
    const { clock, seen, operation } = progress();
    clock.pass(2500);
    operation.advance(1, 2);
    operation.pulse();
    operation.fail();
    clock.pass(5000);
    assertEquals(seen, [[2500, 1, 2]]);
    assertEquals(clock.pending, 0);
  });

  test("pulses 0 of 1 if the end is unknown, and ends with 1 of 1", () => {
    const { clock, seen, operation } = progress();
    operation.pulse();
    operation.pulse();
    clock.pass(2700);
    operation.done();
    assertEquals(seen, [[2000, 0, 1], [2333, 0, 1], [2667, 0, 1], [2700, 1, 1]]);
    assertEquals(clock.pending, 0);
  });

  test("carries the operation and the number of its run", () => {
    const { clock, operation, reporter } = progress();
    let event: unknown;
    reporter.add((raised) => void (event = raised), EventClass.PROGRESS);
    clock.pass(2000);
    operation.advance(1, 4);
    const expected = { operationNumber: 1000, operation: "walk", serial: 1, position: 1, total: 4 };
    assertEquals(event, { type: "progress", class: EventClass.PROGRESS, ...expected });
  });
});
