// Runs checks, one for each CPU at a time, and prints one line for each kind.

import { availableParallelism } from "node:os";

/** A combination of a compiler, a runtime or a bundler with a setting. */
export interface Check {
  readonly name: string;
  run(): Promise<void>;
}

/** Runs all checks, and prints each failure and the number of passed checks. Returns whether all passed. */
export async function runChecks(kind: string, checks: readonly Check[]): Promise<boolean> {
  const waiting = [...checks];
  let failed = 0;
  const work = async (): Promise<void> => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
      try {
        await check.run();
      } catch (error) {
        failed++;
        console.log(`failed: ${kind}: ${check.name}\n${error instanceof Error ? error.message : error}`);
      }
    }
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(`${kind}: ${checks.length - failed} of ${checks.length} combinations passed (${seconds} s)`);
  return failed === 0 && checks.length > 0;
}
