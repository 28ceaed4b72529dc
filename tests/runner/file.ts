// Runs one test file in its own process, and reports how it ended.

import { spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { type Counts, readReport } from "./report.ts";
import { root, type Runtime } from "./runtimes.ts";

/** The result of one file on one runtime. */
export interface FileOutcome extends Counts {
  readonly runtime: string;
  readonly file: string;
  /** Why the file failed, in addition to failed tests. `failed` counts it as one. */
  readonly problem: string | undefined;
  /** The output of the process. */
  readonly output: string;
  readonly seconds: number;
}

export interface RunOptions {
  /** The number of milliseconds after which the file is killed as hung. */
  readonly limit: number;
  /** Whether a skipped test is a failure. */
  readonly isStrict: boolean;
  /**
   * The directory that the file's path and the modules are found from.
   *
   * @default the repository
   */
  readonly directory?: string;
}

/** How the process of a file ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly isHung: boolean;
}

const running = new Set<number>();

/** Kills every running process that {@linkcode runFile} has started. */
export function killAll(): void {
  for (const pid of running) killGroup(pid);
}

/** Runs `file` on `runtime`. A crash, a hang or a missing report is a failure of the file, and does not throw. */
export async function runFile(runtime: Runtime, file: string, options: RunOptions): Promise<FileOutcome> {
  const scratch = mkdtempSync(join(tmpdir(), "tsxs-test-"));
  try {
    const started = performance.now();
    const [report, printed] = [join(scratch, "report.xml"), join(scratch, "output")];
    const ending = await run(runtime.command(file, report), printed, options);
    const counts = readReport(read(report));
    const problem = problemOf(ending, counts, options);
    return {
      runtime: runtime.name,
      file,
      passed: counts?.passed ?? 0,
      failed: (counts?.failed ?? 0) + (problem === undefined ? 0 : 1),
      skipped: counts?.skipped ?? 0,
      problem,
      output: read(printed),
      seconds: (performance.now() - started) / 1000,
    };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Returns why a file failed, even if none of its tests failed. */
export function problemOf(
  { code, signal, isHung }: Ending,
  counts: Counts | undefined,
  { limit, isStrict }: RunOptions,
): string | undefined {
  if (isHung) return `hung: killed after ${limit / 1000} s`;
  if (signal !== null) return `crashed: killed by ${signal}`;
  const exit = `exited with code ${code}`;
  if (counts === undefined) return code === 0 ? `${exit} before the end of its tests` : `${exit} without a report`;
  if (counts.failed > 0) return undefined;
  if (code !== 0) return `${exit} although no test failed: a hook or the file itself did`;
  if (counts.passed + counts.skipped === 0) return "has no tests";
  return isStrict && counts.skipped > 0 ? `skipped ${counts.skipped} tests: none may be skipped` : undefined;
}

function run([executable = "", ...args]: readonly string[], printed: string, options: RunOptions): Promise<Ending> {
  const { limit, directory = root } = options;
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  // The output is a file, because processes that the tests leave running could keep a pipe open.
  const output = openSync(printed, "a");
  return new Promise((resolve, reject) => {
    const child = spawn(executable, args, {
      cwd: directory,
      env: { ...env, NO_COLOR: "1" },
      stdio: ["ignore", output, output],
      detached: true,
    });
    const { pid } = child;
    if (pid !== undefined) running.add(pid);
    let isHung = false;
    const timer = setTimeout(() => {
      isHung = true;
      killGroup(pid);
    }, limit);
    const end = (): void => {
      clearTimeout(timer);
      closeSync(output);
      if (pid !== undefined) running.delete(pid);
      killGroup(pid);
    };
    child.on("error", (error) => {
      end();
      reject(error);
    });
    child.on("exit", (code, signal) => {
      end();
      resolve({ code, signal, isHung });
    });
  });
}

/** Kills the process and the processes that it started. */
function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // No process is left.
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
