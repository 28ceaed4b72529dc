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

/** The numbers beside the vertical axis, with the base lines of their texts. */
function verticalNumbers(svg: string): { label: string; height: number }[] {
  const numbers = [...svg.matchAll(/y="([^"]+)" text-anchor="end">([^<]+)</g)];
  return numbers.map(([, height, label = ""]) => ({ label, height: Number(height) }));
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

  test("names of curves that end at the bottom of the plot stay above the axis, and apart", () => {
    const names = ["high", "one", "two", "three", "four", "five"];
    const svg = drawChart(chart(curve("high", 10, 900), ...names.slice(1).map((name) => curve(name, 10, 10))));
    const axis = Number(/M66,([0-9.]+)H570" stroke="#555555"/.exec(svg)?.[1]);
    const sorted = heights(svg, names).sort((a, b) => a - b);
    assert((sorted.at(-1) ?? NaN) <= axis, `${sorted} with the axis at ${axis}`);
    for (let i = 1; i < sorted.length; i++) assert((sorted[i] ?? NaN) - (sorted[i - 1] ?? NaN) >= 12, `${sorted}`);
  });

  test("the vertical axis has three different numbers or more for every range of costs", () => {
    for (const growth of [1, 1.2, 2, 4, 7, 10, 100, 1e4, 1e8]) {
      for (const least of [0.012, 0.97, 8, 15, 21, 44, 51, 99, 300, 12_345]) {
        const labels = verticalNumbers(drawChart(chart(curve("ours", least, least * growth))));
        assert(labels.length >= 3, `${least} times ${growth}: ${labels.map(({ label }) => label)}`);
        assertEquals(new Set(labels.map(({ label }) => label)).size, labels.length, `${least} times ${growth}`);
      }
    }
  });

  test("a number of the vertical axis stands at the height that a cost of it has", () => {
    const svg = drawChart(chart(curve("ours", 15, 20, 30)));
    const number = verticalNumbers(svg).find(({ label }) => label === "20");
    const [, second = NaN] = [...svg.matchAll(/<circle cx="[^"]+" cy="([^"]+)"/g)].map(([, cy]) => Number(cy));
    assert(Math.abs((number?.height ?? NaN) - 4 - second) < 0.2, `${number?.height} ${second}`);
  });

  test("a name with characters of XML is text", () => {
    const svg = drawChart(chart(curve("a < b & c", 10, 20)));
    assertStringIncludes(svg, ">a &lt; b &amp; c<");
  });
});
