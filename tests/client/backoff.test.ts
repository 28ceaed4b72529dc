// Pauses: how long they may be, and how they end early.

import { describe, test } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { SharedSignals } from "../../src/client/abort.ts";
import { pause, pauseBefore } from "../../src/client/backoff.ts";

const longest = () => 1 - Number.EPSILON;

describe("pauseBefore()", () => {
  test("is up to 1 ms before the second attempt, doubling up to 100 ms", () => {
    const pauses = Array.from({ length: 10 }, (_, i) => Math.round(pauseBefore(i + 1, {}, longest)));
    assertEquals(pauses, [1, 2, 4, 8, 16, 32, 64, 100, 100, 100]);
  });

  test("starts and ends at the given bounds", () => {
    const pauses = Array.from(
      { length: 6 },
      (_, i) => Math.round(pauseBefore(i + 1, { initial: 50, max: 500 }, longest)),
    );
    assertEquals(pauses, [50, 100, 200, 400, 500, 500]);
    assertEquals(Math.round(pauseBefore(1, { initial: 50, max: 5 }, longest)), 5);
  });

  test("is anything down to nothing, by chance", () => {
    assertEquals([0, 0.25, 0.5].map((chance) => pauseBefore(3, { initial: 10 }, () => chance)), [0, 10, 20]);
  });

  test("differs between two that collided", () => {
    const pauses = new Set(Array.from({ length: 20 }, () => pauseBefore(5, {})));
    assert(pauses.size > 1);
    for (const pause of pauses) assert(pause >= 0 && pause < 16);
  });

  test("stays a number however many attempts there were", () => {
    for (const backoff of [{}, { initial: 0 }, { initial: 0, max: 0 }]) {
      assert(Number.isFinite(pauseBefore(100_000, backoff, longest)));
    }
  });
});

describe("pause()", () => {
  const signals = new SharedSignals();

  test("ends by itself", async () => {
    const controller = new AbortController();
    await pause(1, signals, controller.signal);
    await pause(0, signals);
  });

  test("ends with the signal's reason as soon as that is aborted", async () => {
    const controller = new AbortController();
    const pausing = pause(1_000_000, signals, controller.signal);
    controller.abort(new RangeError("enough"));
    await assertRejects(() => pausing, RangeError, "enough");
  });

  test("does not begin if the signal is aborted already", async () => {
    const signal = AbortSignal.abort(new RangeError("enough"));
    await assertRejects(() => pause(1_000_000, signals, signal), RangeError, "enough");
  });
});
