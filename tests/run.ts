// Runs the tests on every runtime, one process for each file: `tsx tests/run.ts [--peers] [RUNTIME...] [FILE...]`.

import { availableParallelism } from "node:os";
import process from "node:process";
import { type FileOutcome, killAll, runFile } from "./runner/file.ts";
import { testFiles } from "./runner/files.ts";
import { installedRuntimes, type Runtime } from "./runner/runtimes.ts";

/** More than ten times the duration of the slowest file. */
const LIMIT_MS = 600_000;

/** Runs files on one runtime, one for each processor at a time, and prints the output of those that fail. */
async function runAll(runtime: Runtime, files: readonly string[]): Promise<FileOutcome[]> {
  const waiting = [...files];
  const outcomes: FileOutcome[] = [];
  const work = async (): Promise<void> => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const outcome = await runFile(runtime, file, { limit: LIMIT_MS, isStrict: process.env.CI !== undefined });
      outcomes.push(outcome);
      if (outcome.failed > 0) console.log(`\n--- ${describe(outcome)}\n${outcome.output}`);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return outcomes;
}

function describe({ runtime, file, failed, problem }: FileOutcome): string {
  return `${file} on ${runtime}: ${problem ?? `${failed} failed`}`;
}

function total(outcomes: readonly FileOutcome[], key: "passed" | "failed" | "skipped"): number {
  return outcomes.reduce((sum, outcome) => sum + outcome[key], 0);
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => {
    killAll();
    process.exit(1);
  });
}

const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const [names, paths] = [wanted.filter((name) => !name.includes("/")), wanted.filter((name) => name.includes("/"))];
const files = testFiles(process.argv.includes("--peers"))
  .filter((file) => paths.length === 0 || paths.some((path) => file.includes(path)));
const all: FileOutcome[] = [];
for (const runtime of installedRuntimes()) {
  if (names.length > 0 && !names.some((name) => runtime.name.startsWith(name))) continue;
  const started = performance.now();
  const outcomes = await runAll(runtime, files);
  const counts = (["passed", "failed", "skipped"] as const).map((key) => `${total(outcomes, key)} ${key}`).join(", ");
  const seconds = Math.round((performance.now() - started) / 1000);
  const [slowest] = outcomes.toSorted((a, b) => b.seconds - a.seconds);
  console.log(
    `${runtime.name}: ${counts} (${files.length} files, ${seconds} s; ` +
      `the slowest, ${slowest?.file}, ${slowest?.seconds.toFixed(1)} s)`,
  );
  all.push(...outcomes);
}
for (const outcome of all.filter(({ failed }) => failed > 0)) console.log(describe(outcome));
console.log(`${total(all, "passed")} passed, ${total(all, "failed")} failed`);
process.exitCode = total(all, "failed") === 0 && total(all, "passed") > 0 ? 0 : 1;
