// Removes protections one after the other, and tells for each whether its test fails without it.

import { availableParallelism } from "node:os";
import { type FileOutcome, runFile } from "../runner/file.ts";
import { node, root } from "../runner/runtimes.ts";
import { Copy } from "./copy.ts";
import { faultsOf, type Protection } from "./protection.ts";

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

/** The tests with all protections in place. */
type Baselines = ReadonlyMap<string, FileOutcome>;

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
  const tests = new Map<string, string[]>();
  for (const { testFile, test } of protections) tests.set(testFile, [...tests.get(testFile) ?? [], test]);
  const outcomes = new Map<string, FileOutcome>();
  await inCopies(copies, [...tests], async (copy, [file, names]) => {
    outcomes.set(file, await runTests(copy, file, names, options));
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
  const state = after ?? `did not run: the file ${outcome.problem ?? "has other failures"}`;
  const problem = `without the protection, ${JSON.stringify(test)} of ${testFile} ${state}`;
  return { protection, problem, output: outcome.output };
}

function runTests(copy: Copy, file: string, names: readonly string[], options: MutateOptions): Promise<FileOutcome> {
  const { executable, limit } = options;
  const { directory } = copy;
  return runFile(node("node", executable, names), `./${file}`, { limit, isStrict: false, directory });
}

/** The result of the tests of a name: failed if one of them failed, null if there is none of them. */
function resultOf({ tests }: FileOutcome, name: string): "passed" | "failed" | "skipped" | null {
  const results = tests.filter((test) => test.name === name).map(({ result }) => result);
  return (["failed", "passed", "skipped"] as const).find((result) => results.includes(result)) ?? null;
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
