// Removes each protection of the list in turn, and runs the test that has to fail: `tsx tests/mutate/run.ts [WORDS...]`.

import process from "node:process";
import { killAll } from "../runner/file.ts";
import { mutate, type Verdict } from "./mutate.ts";
import { protections } from "./protections.ts";

/** More than ten times what the slowest test takes. */
const LIMIT_MS = 120_000;

function print({ protection, problem, output }: Verdict): void {
  if (problem === null) console.log(`ok: ${protection.name}`);
  else console.log(`\nFAILED: ${protection.name}\n  ${problem}\n${output}`);
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => {
    killAll();
    process.exit(1);
  });
}

const words = process.argv.slice(2);
const wanted = protections.filter(({ name, file, testFile }) =>
  words.length === 0 || words.some((word) => [name, file, testFile].some((text) => text.includes(word)))
);
const started = performance.now();
const verdicts = await mutate(wanted, { executable: process.execPath, limit: LIMIT_MS, onVerdict: print });
const failed = verdicts.filter(({ problem }) => problem !== null);
for (const { protection, problem } of failed) console.log(`${protection.name}: ${problem}`);
const seconds = Math.round((performance.now() - started) / 1000);
console.log(`${verdicts.length} protections were removed, each from a copy of the sources, in ${seconds} s`);
console.log(`${verdicts.length - failed.length} passed, ${failed.length} failed`);
process.exitCode = failed.length === 0 && verdicts.length > 0 ? 0 : 1;
