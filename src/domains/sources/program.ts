// Runs a program of the host and gathers what it prints.

import { builtin } from "../../transport/builtin.ts";
import { XenStoreError } from "../../wire/errors.ts";
import { codeOf } from "../../wire/system_errors.ts";

/** The most bytes that a program may print to each stream. */
const OUTPUT_MAX = 16 * 1024 * 1024;

/** How a program ended, and what it printed in UTF-8. */
export interface ProgramResult {
  /** The exit status, or `null` if a signal ended it. */
  readonly status: number | null;
  /** What it printed to standard output. */
  readonly stdout: string;
  /** What it printed to standard error. */
  readonly stderr: string;
}

/** Runs a program without a shell. The promise fails with the system's error if the program does not start. */
export type RunProgram = (
  words: readonly [program: string, ...args: readonly string[]],
  signal: AbortSignal | undefined,
) => Promise<ProgramResult>;

/** Runs a program by the API of the runtime. The signal ends the program. */
export const runProgram: RunProgram = ([program, ...args], signal) =>
  new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const options = { encoding: "utf8", maxBuffer: OUTPUT_MAX, killSignal: "SIGKILL" } as const;
    const child = builtin("node:child_process").execFile(program, args, options, (error, stdout, stderr) => {
      signal?.removeEventListener("abort", kill);
      if (signal?.aborted) return reject(signal.reason);
      if (error === null) return resolve({ status: 0, stdout, stderr });
      if (typeof error.code === "number") return resolve({ status: error.code, stdout, stderr });
      if (error.killed !== true && error.signal) return resolve({ status: null, stdout, stderr });
      const code = codeOf(error) ?? "EIO";
      reject(new XenStoreError(/^E[A-Z0-9]+$/.test(code) ? code : "EIO", error.message, { cause: error }));
    });
    const kill = (): void => void child.kill("SIGKILL");
    signal?.addEventListener("abort", kill, { once: true });
  });
