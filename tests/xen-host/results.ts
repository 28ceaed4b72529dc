// Reads the results of a run on the Xen host from its console: passed and failed tests by environment and runtime.

export const environments = ["dom0", "guest"] as const;
export const runtimes = ["node", "deno", "bun"] as const;
export type Environment = (typeof environments)[number];
export type Runtime = (typeof runtimes)[number];

/** The results of all suites on one runtime in one environment. */
export interface Outcome {
  readonly environment: Environment;
  readonly runtime: Runtime;
  readonly passed: number;
  /** Failed tests, and one for each run with a problem: {@linkcode problems} has the reasons. */
  readonly failed: number;
  readonly skipped: number;
  readonly problems: readonly string[];
}

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/**
 * Each bundle prints this line when it was evaluated to its end. Deno passes a file that throws after it has
 * registered a test: without this line, a truncated suite would count as passed.
 */
export const loaded = "SUITE LOADED";

/** The lines of each runner's summary, and what the groups of a match count. */
const summaries: Record<
  Runtime,
  readonly (readonly [RegExp, ...(keyof Counts)[]])[]
> = {
  node: [
    [/^# pass (\d+)$/, "passed"],
    [/^# (?:fail|cancelled) (\d+)$/, "failed"],
    [/^# (?:skipped|todo) (\d+)$/, "skipped"],
  ],
  deno: [
    [
      // A suite is one test, and its tests are steps of it.
      /^(?:ok|FAILED) \| (?:\d+ passed \()?(\d+) (?:passed|steps)\b.* \| (\d+) failed\b/,
      "passed",
      "failed",
    ],
    [/^(?:ok|FAILED) \| .* \| (\d+) ignored\b/, "skipped"],
  ],
  bun: [
    [/^ *(\d+) pass$/, "passed"],
    [/^ *(\d+) (?:fail|errors?)$/, "failed"],
    [/^ *(\d+) (?:skip|todo)$/, "skipped"],
  ],
};

/** Reads the summary of a runner. Returns undefined if there is no summary. */
export function readSummary(
  runtime: Runtime,
  lines: readonly string[],
): Counts | undefined {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  const seen = new Set<keyof Counts>();
  for (const line of lines) {
    for (const [pattern, ...keys] of summaries[runtime]) {
      const match = pattern.exec(line);
      if (match === null) continue;
      keys.forEach((key, group) => {
        counts[key] += Number(match[group + 1]);
        seen.add(key);
      });
    }
  }
  return seen.has("passed") && seen.has("failed") ? counts : undefined;
}

/** Reads the outcomes of `suites` (names of files) from the lines of the console. */
export function readOutcomes(
  console: readonly string[],
  suites: readonly string[],
): Outcome[] {
  // Both environments write to one console, so a line of the guest may follow an unfinished line of domain 0.
  const lines = console.flatMap((line) => line.split(/(?<=.)(?=guest\| )/));
  const isGuests = (line: string): boolean => line.startsWith("guest| ");
  const ofGuest = lines.filter(isGuests).map((line) => line.slice("guest| ".length));
  const ofDom0 = lines.filter((line) => !isGuests(line));
  return environments.flatMap((environment) =>
    runtimes.map((runtime) => {
      const own = environment === "guest" ? ofGuest : ofDom0;
      const total = {
        passed: 0,
        failed: 0,
        skipped: 0,
        problems: new Array<string>(),
      };
      for (const suite of suites) {
        const run = readRun(runtime, suite, own);
        total.passed += run.passed;
        total.failed += run.failed;
        total.skipped += run.skipped;
        if (run.problem === undefined) continue;
        total.failed++;
        total.problems.push(`${suite} ${run.problem}`);
      }
      return { environment, runtime, ...total };
    })
  );
}

/** Reads one run: the lines between RUN and RAN of payload/suite.sh. */
function readRun(
  runtime: Runtime,
  suite: string,
  lines: readonly string[],
): Counts & { problem?: string } {
  const nothing: Counts = { passed: 0, failed: 0, skipped: 0 };
  const start = lines.indexOf(`RUN ${runtime} ${suite}`);
  if (start < 0) return { ...nothing, problem: "did not start" };
  const ran = `RAN ${runtime} ${suite} `;
  const length = lines.slice(start).findIndex((line) => line.startsWith(ran));
  if (length < 0) return { ...nothing, problem: "did not end" };
  const code = lines[start + length]?.slice(ran.length) ?? "";
  const printed = lines.slice(start, start + length);
  const counts = readSummary(runtime, printed);
  if (counts === undefined) {
    return {
      ...nothing,
      problem: `printed no summary: it exited with ${code}`,
    };
  }
  if (counts.failed > 0) return counts;
  if (code !== "0") return { ...counts, problem: `exited with ${code}` };
  if (!printed.includes(loaded)) {
    return { ...counts, problem: "did not load to its end" };
  }
  if (counts.passed === 0) return { ...counts, problem: "ran no test" };
  return counts;
}
