// What the variants share: arguments, time and CPU time per request, one line of JSON as the result.

import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";

/** Returns the argument at a position. Throws if a number is needed and missing. */
export function argument(position: number): string {
  const text = process.argv[2 + position];
  if (text === undefined) throw new Error(`argument ${position} is missing`);
  return text;
}

/** Prints a variant's result, which is the last line of its output. */
export function report(result: Readonly<Record<string, number>>): void {
  console.log(JSON.stringify(result));
}

/** Microseconds that each of `count` requests took. */
export async function microseconds(count: number, work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) * 1000 / count;
}

/** Microseconds of CPU time that all threads of this process have used. */
export function ownCpu(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** Microseconds of CPU time that this process took for each of `count` requests. */
export async function cpuMicroseconds(count: number, work: () => Promise<void>): Promise<number> {
  const start = ownCpu();
  await work();
  return (ownCpu() - start) / count;
}

/** Microseconds of CPU time that another process's threads have used: in nanoseconds from the scheduler, not in ticks. */
export function cpuOf(pid: string): number {
  const tasks = `/proc/${pid}/task`;
  const used = readdirSync(tasks).map((task) =>
    Number(readFileSync(`${tasks}/${task}/schedstat`, "utf8").split(" ")[0])
  );
  return used.reduce((sum, nanoseconds) => sum + nanoseconds, 0) / 1000;
}
