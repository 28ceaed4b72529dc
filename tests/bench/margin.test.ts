// When a measured ratio counts as clearly worse than the committed one.

import { describe, test } from "node:test";
import { assert } from "@std/assert";
import { worse } from "../../bench/margin.ts";

describe("ratios that are held", () => {
  test("a ratio that is better, equal or a third higher is not worse", () => {
    for (const measured of [0.5, 1, 1.33]) assert(!worse(measured, 1), `${measured}`);
  });

  test("a ratio that is three fifths higher is worse", () => {
    assert(worse(1.6, 1));
    assert(worse(0.16, 0.1));
  });

  test("what is no number is worse", () => {
    assert(worse(NaN, 1));
  });
});
