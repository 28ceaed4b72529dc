// Judges measured ratios by the committed ones: which are missing, which are too many, and which are clearly worse.

import { worse } from "./margin.ts";

/** A ratio has failed if it is worse in each of these attempts. */
export const ATTEMPTS = 3;

/** Ratios by name, and by runtime. */
export type Ratios = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** What has to be committed and measured. */
export interface Expected {
  /** The margin of each ratio, by name. */
  readonly margins: Readonly<Record<string, number>>;
  /** The runtimes that each ratio is measured on. */
  readonly runtimes: readonly string[];
}

/** One ratio on one runtime. */
interface Cell {
  readonly name: string;
  readonly runtime: string;
}

/** Lists what is expected and not in `ratios`, and what is there and not expected. */
export function mismatches(expected: Expected, ratios: Ratios): string[] {
  const missing = cellsOf(expected)
    .filter(({ name, runtime }) => !isRatio(ratios[name]?.[runtime]))
    .map((cell) => `${describe(cell)}: no ratio`);
  const tooMany = Object.entries(ratios).flatMap(([name, byRuntime]) => {
    if (!Object.hasOwn(expected.margins, name)) return [`${name}: no measurement has this name`];
    const unknown = Object.keys(byRuntime).filter((runtime) => !expected.runtimes.includes(runtime));
    return unknown.map((runtime) => `${describe({ name, runtime })}: not a runtime of CI`);
  });
  return [...missing, ...tooMany];
}

/**
 * Measures until every ratio was held once, for three attempts at most.
 *
 * @param expected What is committed and has to be measured.
 * @param committed The committed ratios.
 * @param measure Measures the ratios of these names, at the attempt with this number, from 1.
 * @returns What was clearly worse, or not measured, in each attempt.
 */
export async function hold(
  expected: Expected,
  committed: Ratios,
  measure: (names: readonly string[], attempt: number) => Promise<Ratios>,
): Promise<string[]> {
  let failed = cellsOf(expected);
  let measured: Ratios = {};
  for (let attempt = 1; attempt <= ATTEMPTS && failed.length > 0; attempt++) {
    measured = await measure([...new Set(failed.map(({ name }) => name))], attempt);
    failed = failed.filter(({ name, runtime }) => {
      return worse(measured[name]?.[runtime] ?? NaN, committed[name]?.[runtime] ?? NaN, expected.margins[name] ?? NaN);
    });
  }
  return failed.map((cell) => {
    const { name, runtime } = cell;
    return `${describe(cell)}: ${measured[name]?.[runtime] ?? "not measured"}, committed ${committed[name]?.[runtime]}`;
  });
}

function cellsOf({ margins, runtimes }: Expected): Cell[] {
  return Object.keys(margins).flatMap((name) => runtimes.map((runtime) => ({ name, runtime })));
}

function isRatio(value: number | undefined): boolean {
  return typeof value === "number" && value > 0 && value < Infinity;
}

function describe({ name, runtime }: Cell): string {
  return `${name}, on ${runtime}`;
}
