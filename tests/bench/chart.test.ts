// What a chart of curves shows, and what it writes into its file.

import { describe, test } from "node:test";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type Chart, type Curve, drawChart } from "../../bench/chart.ts";

function curve(name: string, ...medians: readonly number[]): Curve {
  const points = medians.map((median, i) => ({ x: 10 ** i, y: { median, min: median * 0.9, max: median * 1.1 } }));
  return { name, points };
}

function chart(...curves: readonly Curve[]): Chart {
  return { title: "A read", across: "nodes", measured: "microseconds", note: "by hand", curves };
}

/** The heights of the texts that name the curves. */
function heights(svg: string, names: readonly string[]): number[] {
  return names.map((name) => Number(new RegExp(`y="([^"]+)" [^>]*>${name}<`).exec(svg)?.[1]));
}

describe("charts of curves", () => {
  test("a higher cost is drawn higher, and more of what grows further to the right", () => {
    const svg = drawChart(chart(curve("ours", 20, 40, 200)));
    const circles = [...svg.matchAll(/<circle cx="([^"]+)" cy="([^"]+)"/g)].map(([, x, y]) => [Number(x), Number(y)]);
    assertEquals(circles.length, 3);
    const [first = [], second = [], third = []] = circles;
    assert((first[0] ?? NaN) < (second[0] ?? NaN) && (second[0] ?? NaN) < (third[0] ?? NaN));
    assert((first[1] ?? NaN) > (second[1] ?? NaN) && (second[1] ?? NaN) > (third[1] ?? NaN));
  });

  test("equal steps by a factor are equal distances", () => {
    const svg = drawChart(chart(curve("ours", 10, 100, 1000)));
    const [a = NaN, b = NaN, c = NaN] = [...svg.matchAll(/<circle cx="[^"]+" cy="([^"]+)"/g)].map(([, y]) => Number(y));
    assert(Math.abs((a - b) - (b - c)) < 0.2, `${a} ${b} ${c}`);
  });

  test("the names of curves that end at the same height do not cover each other", () => {
    const names = ["one", "two", "three"];
    const svg = drawChart(chart(...names.map((name) => curve(name, 10, 20))));
    const sorted = heights(svg, names).sort((a, b) => a - b);
    for (let i = 1; i < sorted.length; i++) assert((sorted[i] ?? NaN) - (sorted[i - 1] ?? NaN) >= 12, `${sorted}`);
  });

  test("a name with characters of XML is text", () => {
    const svg = drawChart(chart(curve("a < b & c", 10, 20)));
    assertStringIncludes(svg, ">a &lt; b &amp; c<");
  });
});
