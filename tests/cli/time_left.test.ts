// The time that is left: when it is estimated, and how it is written.

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { TimeLeft, timeText } from "../../src/cli/time_left.ts";

/** Adds measurements, and returns what is left after each, rounded. */
function estimates(...measured: readonly (readonly [elapsed: number, ratio: number])[]): (number | null)[] {
  const left = new TimeLeft();
  return measured.map(([elapsed, ratio]) => {
    const seconds = left.add(elapsed, ratio);
    return seconds === null ? null : Math.round(seconds);
  });
}

describe("the time that is left", () => {
  test("is not estimated in the first three seconds", () => {
    assertEquals(estimates([2, 0.125], [2.999, 0.1875], [3, 0.1875], [4, 0.25]), [null, null, 13, 12]);
  });

  test("is that of the newest estimate while the speed stays the same", () => {
    assertEquals(estimates([4, 0.25], [8, 0.5], [12, 0.75], [16, 1]), [12, 8, 4, 0]);
  });

  test("is not estimated if nothing is done yet", () => {
    assertEquals(estimates([5, 0], [10, 0.5]), [null, 10]);
  });

  test("is not estimated while the newest estimate is more than two standard deviations from the mean", () => {
    const steady = Array.from({ length: 9 }, (_, i) => [4 + i, (4 + i) / 16] as const);
    // The whole takes 32 s by the tenth measurement, and the mean is 17.6 s with a deviation of 4.8 s.
    assertEquals(estimates(...steady, [16, 0.5]).at(-1), null);
    // The mean is 17 s after 16 s four times and 18 s four times, with a deviation of 1 s.
    const uneven = Array.from({ length: 8 }, (_, i) => [8, 8 / (i % 2 === 0 ? 16 : 18)] as const);
    assertEquals(estimates(...uneven, [8, 8 / 18.9]).at(-1), 11);
    assertEquals(estimates(...uneven, [8, 8 / 20.9]).at(-1), null);
  });

  test("comes back after a change of speed that lasts", () => {
    const slow = Array.from({ length: 10 }, (_, i) => [1 + i, (1 + i) / 100] as const);
    const fast = Array.from({ length: 5 }, (_, i) => [11 + i, 0.2 + i / 40] as const);
    assertEquals(estimates(...slow, ...fast).slice(9), [90, null, null, 39, 37, 35]);
  });
});

describe("the text of a time", () => {
  for (
    const [seconds, text] of [
      [null, "--:--"],
      [0, "00:00"],
      [0.9, "00:00"],
      [59.9, "00:59"],
      [60, "01:00"],
      [5999, "99:59"],
      [6000, "01h40"],
      [359_999, "99h59"],
      [360_000, ">100h"],
      [4_000_000, ">1111h"],
    ] as const
  ) {
    test(`${seconds ?? "nothing"} is written as ${text}`, () => assertEquals(timeText(seconds), text));
  }
});
