// The runtimes that the tests use, and how each runs one test file and writes its report.

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** A way to run a test file. */
export interface Runtime {
  readonly name: string;
  /** The command that runs `file` (a path) and writes a JUnit report. */
  command(file: string, report: string): string[];
}

/** The root of the repository. */
export const root: string = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Longer than the limit of a whole file. Bun's own limit for a test is 5 s. */
const NEVER_MS = 3_600_000;

export function node(name: string, executable: string): Runtime {
  const reporters = ["--test-reporter=spec", "--test-reporter-destination=stdout", "--test-reporter=junit"];
  return {
    name,
    // No --test: its runner would start the process of the file itself, and pass a file that exits early.
    command: (file, report) => [
      executable,
      "--import=tsx",
      ...reporters,
      `--test-reporter-destination=${report}`,
      file,
    ],
  };
}

export function deno(executable: string): Runtime {
  const flags = ["--allow-all", "--no-check", "--quiet"];
  return {
    name: "deno",
    command: (file, report) => {
      return [executable, "test", ...flags, `--junit-path=${report}`, "./tests/runner/deno_file.ts", "--", file];
    },
  };
}

export function bun(executable: string): Runtime {
  const flags = [`--timeout=${NEVER_MS}`, "--reporter=junit"];
  return {
    name: "bun",
    command: (file, report) => [executable, "test", ...flags, `--reporter-outfile=${report}`, file],
  };
}

/**
 * The installed runtimes: the Nodes of tests/runtimes or else this Node, Deno and Bun.
 *
 * @throws {Error} If a Node is missing and CI is set.
 */
export function installedRuntimes(): Runtime[] {
  const bin = (name: string): string => join(root, "node_modules", ".bin", name);
  const executableOf = (name: string): string => join(root, "tests/runtimes/node_modules", name, "bin/node");
  const names = ["node-floor", "node-newest"];
  const installed = names.filter((name) => existsSync(executableOf(name)));
  if (installed.length < names.length && process.env.CI !== undefined) {
    throw new Error("not all Nodes to test on are installed: run `npm ci --prefix tests/runtimes`");
  }
  const nodes = installed.map((name) => node(name, executableOf(name)));
  if (nodes.length === 0) nodes.push(node(`node ${process.versions.node}`, process.execPath));
  return [...nodes, deno(bin("deno")), bun(bin("bun"))];
}

/** The runtime that runs this program. */
export function thisRuntime(): Runtime {
  if ("Deno" in globalThis) return deno(process.execPath);
  return "Bun" in globalThis ? bun(process.execPath) : node("node", process.execPath);
}
