// The median of measurements.

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { median } from "../../bench/statistics.ts";

describe("the median", () => {
  test("is the middle value, or the mean of the two middle ones, in any order", () => {
    assertEquals([median([3]), median([10, 9, 1]), median([4, 1, 3, 2])], [3, 9, 2.5]);
  });

  test("is no number if one of the values is no number, wherever it stands", () => {
    for (const values of [[NaN, 1, 2], [1, NaN, 2], [1, 2, NaN]]) assertEquals(median(values), NaN, `${values}`);
  });
});
