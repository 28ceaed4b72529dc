// Removes protections one after the other, and tells for each whether its test fails without it.

import { existsSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { runFile } from "../runner/file.ts";
import { root, type Runtime } from "../runner/runtimes.ts";
import { Copy } from "./copy.ts";
import { faultsOf, type Protection } from "./protection.ts";
import type { TestResult } from "./reporter.ts";

/** What one protection came to. */
export interface Verdict {
  readonly protection: Protection;
  /** Why the protection counts as failed; null if its test fails without the protection, and only then. */
  readonly problem: string | null;
  /** What the tests printed. */
  readonly output: string;
}

/** How protections are removed. */
export interface MutateOptions {
  /** The Node that runs the tests. */
  readonly executable: string;
  /** After how many milliseconds a test file hangs and is killed. */
  readonly limit: number;
  /** Called with each verdict when it is there. */
  readonly onVerdict?: (verdict: Verdict) => void;
}

interface Outcome {
  /** What the process printed. */
  readonly output: string;
  readonly results: readonly TestResult[];
}

/** The tests with all protections in place. */
type Baselines = ReadonlyMap<string, Outcome>;

/**
 * Removes each protection in a copy of the repository, and runs its test there. The tests run with all protections
 * first, since a test that fails anyway proves nothing.
 */
export async function mutate(protections: readonly Protection[], options: MutateOptions): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  const add = (verdict: Verdict): void => {
    verdicts.push(verdict);
    options.onVerdict?.(verdict);
  };
  const faults = faultsOf(protections, root);
  for (const [protection, problem] of faults) add({ protection, problem, output: "" });
  const sound = protections.filter((protection) => !faults.has(protection));
  const copies = Array.from({ length: Math.min(availableParallelism(), sound.length) }, () => new Copy());
  try {
    const baselines = await runBaselines(copies, sound, options);
    await inCopies(copies, sound, async (copy, protection) => add(await remove(copy, protection, baselines, options)));
  } finally {
    for (const copy of copies) copy[Symbol.dispose]();
  }
  return verdicts;
}

async function runBaselines(
  copies: readonly Copy[],
  protections: readonly Protection[],
  options: MutateOptions,
): Promise<Baselines> {
  const tests = new Map<string, Set<string>>();
  for (const { testFile, test } of protections) tests.set(testFile, (tests.get(testFile) ?? new Set()).add(test));
  const outcomes = new Map<string, Outcome>();
  await inCopies(copies, [...tests], async (copy, [file, names]) => {
    outcomes.set(file, await runTests(copy, file, [...names], options));
  });
  return outcomes;
}

async function remove(
  copy: Copy,
  protection: Protection,
  baselines: Baselines,
  options: MutateOptions,
): Promise<Verdict> {
  const { testFile, test } = protection;
  const baseline = baselines.get(testFile);
  const before = baseline === undefined ? null : resultOf(baseline, test);
  if (baseline === undefined || before !== "passed") {
    const problem = `with the protection, ${JSON.stringify(test)} of ${testFile} ${before ?? "did not run"}`;
    return { protection, problem, output: baseline?.output ?? "" };
  }
  const outcome = await copy.without(protection, () => runTests(copy, testFile, [test], options));
  const after = resultOf(outcome, test);
  if (after === "failed") return { protection, problem: null, output: outcome.output };
  const problem = `without the protection, ${JSON.stringify(test)} of ${testFile} ${after ?? "did not run"}`;
  return { protection, problem, output: outcome.output };
}

/** Runs the tests of these names in the file, and no others. */
async function runTests(copy: Copy, file: string, names: readonly string[], options: MutateOptions): Promise<Outcome> {
  const { executable, limit } = options;
  const { directory } = copy;
  const report = join(directory, "results");
  const runtime: Runtime = {
    name: "node",
    command: () => [
      executable,
      "--import=tsx",
      "--test-reporter=spec",
      "--test-reporter-destination=stdout",
      "--test-reporter=./tests/mutate/reporter.ts",
      `--test-reporter-destination=${report}`,
      ...names.map((name) => `--test-name-pattern=/^${escaped(name)}$/`),
      `./${file}`,
    ],
  };
  const { output } = await runFile(runtime, file, { limit, isStrict: false, directory });
  const results = readResults(report);
  rmSync(report, { force: true });
  return { output, results };
}

/** A text as a regular expression that matches it. */
function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

function readResults(file: string): TestResult[] {
  const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
  return lines.filter((line) => line !== "").map((line): TestResult => JSON.parse(line));
}

/** The result of the tests of a name: failed if one of them failed, null if none ran. */
function resultOf({ results }: Outcome, name: string): "passed" | "failed" | null {
  const found = results.filter((result) => result.name === name).map(({ result }) => result);
  return found.includes("failed") ? "failed" : found[0] ?? null;
}

/** Works on all items, one at a time in each copy. */
async function inCopies<T>(
  copies: readonly Copy[],
  items: readonly T[],
  work: (copy: Copy, item: T) => Promise<void>,
): Promise<void> {
  const rest = items.values();
  await Promise.all(copies.map(async (copy) => {
    for (const item of rest) await work(copy, item);
  }));
}
