// Runs the tests on every runtime: `tsx tests/run.ts [--peers] [RUNTIME...]`.

import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const bin = (name: string): string => join(root, "node_modules", ".bin", name);

/** One way to run test files, and what its summary says. */
interface Runtime {
  readonly name: string;
  readonly command: readonly string[];
  readonly passed: RegExp;
  readonly failed: RegExp;
  readonly skipped: RegExp;
}

interface Outcome {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const TIMEOUT_MS = 120_000;

function node(name: string, executable: string): Runtime {
  const command = [executable, "--import", "tsx", "--test", `--test-timeout=${TIMEOUT_MS}`, "--test-reporter=spec"];
  return {
    name,
    command,
    passed: /^ℹ pass (\d+)$/m,
    failed: /^ℹ (?:fail|cancelled) (\d+)$/gm,
    skipped: /^ℹ (?:skipped|todo) (\d+)$/gm,
  };
}

/** The runtimes that are there: this Node, those of tests/runtimes where they are installed, Deno and Bun. */
function runtimes(): Runtime[] {
  const nodes = ["node-floor", "node-newest"].map((name) =>
    node(name, join(here, "runtimes", "node_modules", name, "bin", "node"))
  );
  const installed = nodes.filter(({ command: [executable = ""] }) => existsSync(executable));
  if (installed.length < nodes.length && process.env.CI !== undefined) {
    throw new Error("not all Nodes to test on are installed: run `npm ci --prefix tests/runtimes`");
  }
  return [
    ...(installed.length === 0 ? [node(`node ${process.versions.node}`, process.execPath)] : installed),
    {
      name: "deno",
      command: [bin("deno"), "test", "--allow-all", "--no-check", "--quiet"],
      passed: /(?:\| \d+ passed \(|\| )(\d+) (?:steps|passed)/,
      failed: /\| (\d+) failed/g,
      skipped: /\| (\d+) ignored(?: \((\d+) steps?\))?/g,
    },
    {
      name: "bun",
      command: [bin("bun"), "test", `--timeout=${TIMEOUT_MS}`],
      passed: /^ *(\d+) pass$/m,
      failed: /^ *(\d+) fail$/gm,
      skipped: /^ *(\d+) (?:skip|todo)$/gm,
    },
  ];
}

/** The test files: those that need nothing, or those that need the real daemons. */
function testFiles(peers: boolean): string[] {
  const all = readdirSync(here, { recursive: true, encoding: "utf8" });
  return all
    .filter((file) => file.endsWith(".test.ts") && !file.includes("node_modules") && !file.includes(".cache"))
    .filter((file) => file.startsWith("peers/") === peers)
    .map((file) => `./tests/${file}`)
    .sort();
}

async function run({ name, command, passed, failed, skipped }: Runtime, files: readonly string[]): Promise<Outcome> {
  const [executable = "", ...rest] = command;
  const child = spawn(executable, [...rest, ...files], {
    cwd: root,
    env: { ...process.env, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => output += text);
  }
  const code = await new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
  const sum = (pattern: RegExp): number =>
    [...output.matchAll(pattern)].flatMap(([, ...counts]) => counts).reduce(
      (sum, count) => sum + Number(count ?? 0),
      0,
    );
  const outcome = {
    name,
    passed: Number(passed.exec(output)?.[1] ?? 0),
    failed: sum(failed),
    skipped: sum(skipped),
  };
  const isWhole = outcome.skipped === 0 || process.env.CI === undefined;
  if (code === 0 && outcome.failed === 0 && outcome.passed > 0 && isWhole) return outcome;
  process.stdout.write(output);
  // A runner may fail without counting a test: a hook that throws, a file that does not load, nothing to run.
  return { ...outcome, failed: Math.max(1, outcome.failed) };
}

const peers = process.argv.includes("--peers");
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const files = testFiles(peers);
const outcomes: Outcome[] = [];
for (const runtime of runtimes()) {
  if (wanted.length > 0 && !wanted.some((name) => runtime.name.startsWith(name))) continue;
  const outcome = await run(runtime, files);
  console.log(
    `${outcome.name}: ${outcome.passed} passed, ${outcome.failed} failed, ${outcome.skipped} skipped (${files.length} files)`,
  );
  outcomes.push(outcome);
}
const total = (key: "passed" | "failed") => outcomes.reduce((sum, outcome) => sum + outcome[key], 0);
console.log(`${total("passed")} passed, ${total("failed")} failed`);
process.exitCode = total("failed") === 0 && total("passed") > 0 ? 0 : 1;
