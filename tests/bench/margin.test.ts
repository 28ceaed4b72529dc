// When a measured ratio counts as clearly worse than the committed one.

import { describe, test } from "node:test";
import { assert } from "@std/assert";
import { MARGINS, worse } from "../../bench/margin.ts";

describe("ratios that are held", () => {
  test("a ratio that is better, equal or a third higher is not worse on one CPU", () => {
    for (const measured of [0.5, 1, 1.33]) assert(!worse(measured, 1, MARGINS.oneCpu), `${measured}`);
  });

  test("a ratio that is three fifths higher is worse on one CPU", () => {
    assert(worse(1.6, 1, MARGINS.oneCpu));
    assert(worse(0.16, 0.1, MARGINS.oneCpu));
  });

  test("a margin ends at the committed ratio times the margin", () => {
    for (const margin of Object.values(MARGINS)) {
      assert(!worse(2 * margin, 2, margin), `${margin}`);
      assert(worse(2 * margin + 0.01, 2, margin), `${margin}`);
    }
  });

  test("no margin lets a ratio become three times as high", () => {
    for (const margin of Object.values(MARGINS)) assert(margin > 1 && margin < 3, `${margin}`);
  });

  test("what is no positive number is worse", () => {
    for (const measured of [NaN, 0, -1]) assert(worse(measured, 1, MARGINS.oneCpu), `${measured}`);
    assert(worse(1, NaN, MARGINS.oneCpu));
  });
});
