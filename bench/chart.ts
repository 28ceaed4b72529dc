// Charts of curves as SVG: how a cost grows, one line for each of those compared, with the range at each point.

import { scaleLinear, scaleLog, type ScaleLogarithmic } from "d3-scale";
import { line } from "d3-shape";
import type { Spread } from "./statistics.ts";

/** One point of a curve. */
export interface Point {
  readonly x: number;
  readonly y: Spread;
}

/** What one of those compared costs. */
export interface Curve {
  readonly name: string;
  readonly points: readonly Point[];
}

/** The texts of a chart, and its curves. */
export interface Chart {
  readonly title: string;
  /** What grows to the right. */
  readonly across: string;
  /** What is measured, with its unit. */
  readonly measured: string;
  /** How it was measured. */
  readonly note: string;
  readonly curves: readonly Curve[];
}

type Scale = ScaleLogarithmic<number, number>;

const [WIDTH, HEIGHT] = [720, 420];
const MARGIN = { top: 44, right: 150, bottom: 70, left: 66 } as const;
const [LEFT, RIGHT, TOP, BOTTOM] = [MARGIN.left, WIDTH - MARGIN.right, MARGIN.top, HEIGHT - MARGIN.bottom];
/** Okabe and Ito's colours, which all eyes tell apart. */
const COLOURS = ["#000000", "#e69f00", "#0072b2", "#56b4e9", "#009e73", "#cc79a7"];
/** The least distance of two labels beside the ends of the curves. */
const LABEL_HEIGHT = 15;
/** The fewest ticks by which a logarithmic axis can be read. */
const TICKS_MIN = 3;
/** How far the base line of a text is below its middle. */
const TEXT_RISE = 4;

/** Draws a chart with logarithmic axes. */
export function drawChart({ title, across, measured, note, curves }: Chart): string {
  const points = curves.flatMap((curve) => curve.points);
  const x = scaleLog().domain(extent(points.map((point) => point.x))).range([LEFT, RIGHT]);
  const [least, most] = extent(points.flatMap(({ y: { min, max } }) => [min, max]));
  const y = scaleLog().domain([least / 1.2, most * 1.2]).range([BOTTOM, TOP]);
  const ends = labelHeights(curves.map((curve) => y(curve.points.at(-1)?.y.median ?? NaN)));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" font-family="sans-serif" font-size="12">`,
    `<title>${escape(title)}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    text(LEFT, 24, title, 'font-size="15" font-weight="bold"'),
    ...yAxis(y, measured),
    ...xAxis(x, [...new Set(points.map((point) => point.x))], across),
    ...curves.flatMap((curve, i) => drawCurve(curve, COLOURS[i % COLOURS.length] ?? "", x, y, ends[i] ?? NaN)),
    text(LEFT, HEIGHT - 10, note, 'font-size="10" fill="#555555"'),
    "</svg>\n",
  ].join("\n");
}

function drawCurve({ name, points }: Curve, colour: string, x: Scale, y: Scale, end: number): string[] {
  const path = line<Point>().x((point) => round(x(point.x))).y((point) => round(y(point.y.median)))([...points]);
  return [
    `<path d="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
    ...points.map((point) => drawRange(x(point.x), y(point.y.min), y(point.y.max), colour)),
    ...points.map((point) =>
      `<circle cx="${round(x(point.x))}" cy="${round(y(point.y.median))}" r="3" fill="${colour}"/>`
    ),
    text(RIGHT + 10, end + TEXT_RISE, name, `fill="${colour}"`),
  ];
}

function drawRange(x: number, low: number, high: number, colour: string): string {
  return `<path d="M${round(x)},${round(low)}V${round(high)}" stroke="${colour}" stroke-opacity="0.5"/>`;
}

function yAxis(y: Scale, measured: string): string[] {
  const ticks = yTicks(y);
  return [
    ...ticks.map((tick) => `<path d="M${LEFT},${round(y(tick))}H${RIGHT}" stroke="#dddddd"/>`),
    ...ticks.map((tick) => text(LEFT - 8, y(tick) + TEXT_RISE, tickText(tick), 'text-anchor="end"')),
    text(0, 0, measured, `text-anchor="middle" transform="translate(16,${(TOP + BOTTOM) / 2}) rotate(-90)"`),
  ];
}

/** The powers of ten, with 2 and 5 times of them. In a range too short for these, equal steps. */
function yTicks(y: Scale): number[] {
  const ticks = y.ticks(6).filter((tick) => /^[125]e/.test(tick.toExponential()));
  // D3 finds at least three steps if it is asked for five.
  return ticks.length >= TICKS_MIN ? ticks : scaleLinear().domain(y.domain()).ticks(5);
}

/** A tick in as many digits as steps of 1, 2 or 5 need, which a division may have made inexact. */
function tickText(tick: number): string {
  return tick.toLocaleString("en", { maximumSignificantDigits: 4 });
}

function xAxis(x: Scale, values: readonly number[], across: string): string[] {
  return [
    `<path d="M${LEFT},${BOTTOM}H${RIGHT}" stroke="#555555"/>`,
    ...values.map((value) => text(x(value), BOTTOM + 18, value.toLocaleString("en"), 'text-anchor="middle"')),
    text((LEFT + RIGHT) / 2, BOTTOM + 38, across, 'text-anchor="middle"'),
  ];
}

/**
 * The heights of the labels beside the curves' ends. A label that would cover another is moved down. Labels that would
 * then be below the plot are moved up, so that they cover no tick.
 */
function labelHeights(ends: readonly number[]): number[] {
  const heights = [...ends];
  const downwards = ends.map((_, index) => index).sort((a, b) => (ends[a] ?? 0) - (ends[b] ?? 0));
  let least = TOP + TEXT_RISE;
  for (const i of downwards) {
    heights[i] = Math.max(ends[i] ?? 0, least);
    least = (heights[i] ?? 0) + LABEL_HEIGHT;
  }
  let most = BOTTOM - TEXT_RISE;
  for (const i of downwards.toReversed()) {
    heights[i] = Math.min(heights[i] ?? 0, most);
    most = (heights[i] ?? 0) - LABEL_HEIGHT;
  }
  return heights;
}

function extent(values: readonly number[]): [number, number] {
  return [Math.min(...values), Math.max(...values)];
}

function text(x: number, y: number, words: string, attributes: string): string {
  return `<text x="${round(x)}" y="${round(y)}" ${attributes}>${escape(words)}</text>`;
}

function escape(words: string): string {
  return words.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
