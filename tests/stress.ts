// Runs the tests repeatedly while every processor is busy: `tsx tests/stress.ts [TIMES] [ARGUMENT OF run.ts...]`.

import { type ChildProcess, spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";

const TIMES = 10;
/** A program that ends by itself if this process is killed. */
const BUSY = "const parent = process.ppid; while (process.ppid === parent);";

/** Keeps every processor busy until it is disposed of. */
function keepBusy(): Disposable {
  const busy = Array.from(
    { length: availableParallelism() },
    () => spawn(process.execPath, ["-e", BUSY], { stdio: "ignore" }),
  );
  return {
    [Symbol.dispose]: () => {
      for (const child of busy) child.kill("SIGKILL");
    },
  };
}

/** Runs the tests once, and prints their output. */
async function runOnce(options: readonly string[], onStart: (child: ChildProcess) => void): Promise<[number, number]> {
  const run = fileURLToPath(new URL("run.ts", import.meta.url));
  const child = spawn(process.execPath, [...process.execArgv, run, ...options], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onStart(child);
  let printed = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    printed += text;
    process.stdout.write(text);
  });
  await new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
  const [, passed = "0", failed = "1"] = [...printed.matchAll(/^(\d+) passed, (\d+) failed$/gm)].at(-1) ?? [];
  return [Number(passed), Number(failed)];
}

const [first = "", ...rest] = process.argv.slice(2);
const isCount = /^\d+$/.test(first);
const times = isCount ? Number(first) : TIMES;
const options = isCount ? rest : process.argv.slice(2);

using busy = keepBusy();
let running: ChildProcess | undefined;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => {
    running?.kill("SIGTERM");
    busy[Symbol.dispose]();
    process.exit(1);
  });
}
const total = { passed: 0, failed: 0 };
for (let i = 1; i <= times; i++) {
  const started = performance.now();
  const [passed, failed] = await runOnce(options, (child) => running = child);
  total.passed += passed;
  total.failed += failed;
  const seconds = Math.round((performance.now() - started) / 1000);
  console.log(`run ${i} of ${times} took ${seconds} s: ${passed} passed, ${failed} failed`);
}
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
