// Runs a program under strace, which ends it or fails it at one of its system calls.

import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** What is done to a program. */
export interface Injection {
  /** The name of the system call. */
  readonly call: string;
  /** The number of the call among those of its name and thread, from 1. */
  readonly when: number;
  /** `"signal=KILL"` or `"error=EIO"`. */
  readonly what: string;
}

/** What a program did. */
export interface Traced {
  /** The names of the system calls on the paths, in order. The last is the one at which the program was killed. */
  readonly calls: readonly string[];
  /** The index of the call that failed, or at which the program was killed. `null` if no call was. */
  readonly at: number | null;
  /** The number of calls that failed. More than one did if several threads made the call. */
  readonly failures: number;
  readonly stdout: string;
}

/** Bundles a program into one file of JavaScript, which starts quickly. Returns the command that runs it. */
export function bundle(source: string, directory: string): string[] {
  const file = join(directory, "program.mjs");
  const options = ["--bundle", "--format=esm", "--platform=node", "--target=es2022", "--log-level=warning"];
  execFileSync(join(root, "node_modules", ".bin", "esbuild"), [source, ...options, `--outfile=${file}`]);
  const flags = "Deno" in globalThis ? ["run", "--allow-all", "--quiet", "--no-config"] : [];
  return [process.execPath, ...flags, file];
}

/** Runs a command, and traces its system calls on some paths. */
export function trace(
  command: readonly string[],
  paths: readonly string[],
  log: string,
  injection: Injection | null = null,
): Traced {
  const inject = injection === null ? [] : ["-e", `inject=${injection.call}:${injection.what}:when=${injection.when}`];
  // The faster way to stop at calls does not deliver signals.
  const way = injection?.what.startsWith("signal") ? [] : ["--seccomp-bpf"];
  const filter = [...way, "-e", "trace=%file,%desc", ...paths.flatMap((path) => ["-P", path])];
  const arguments_ = ["-f", "-qq", "-o", log, ...filter, ...inject, ...command];
  // Node's calls are in one thread then, so that their numbers are the same in each run.
  const { NODE_OPTIONS: _, ...rest } = process.env;
  const { stdout, status, stderr, signal, error } = spawnSync("strace", arguments_, {
    encoding: "utf8",
    env: { ...rest, UV_THREADPOOL_SIZE: "1" },
  });
  if (error !== undefined) throw error;
  const isKilled = signal === "SIGKILL" || status === 137;
  if (status !== 0 && !isKilled) throw new Error(`strace ended with code ${status}: ${stderr}`);
  const lines = readFileSync(log, "utf8").split("\n").filter((line) => /^\d+ +\w+\(/.test(line));
  const failed = lines.map((line, index) => line.includes("(INJECTED)") ? index : -1).filter((index) => index >= 0);
  return {
    calls: lines.map((line) => /^\d+ +(\w+)\(/.exec(line)?.[1] ?? ""),
    at: isKilled ? lines.length - 1 : failed[0] ?? null,
    failures: failed.length,
    stdout,
  };
}
