// Runs a program of this repository as a process, on the runtime of the test.

import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The output of a program, and how it ended. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command that runs a file, which may import from this repository, on this runtime. */
export function commandOf(file: string): readonly string[] {
  if ("Deno" in globalThis) {
    return [process.execPath, "run", "-A", "--no-check", "--quiet", "--config", join(root, "deno.json"), file];
  }
  return "Bun" in globalThis ? [process.execPath, file] : [process.execPath, "--import", "tsx", file];
}

/** Runs a command with these variables (`undefined` unsets one), and waits for its end. */
export function runCommand(
  [executable = "", ...args]: readonly string[],
  variables: Readonly<Record<string, string | undefined>> = {},
  input = "",
): Promise<Finished> {
  const env = { ...process.env, ...variables };
  for (const [name, value] of Object.entries(variables)) if (value === undefined) delete env[name];
  const child = spawn(executable, args, { cwd: root, env, stdio: "pipe" });
  // A program may end without reading its input.
  child.stdin.on("error", () => {}).end(input);
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => stdout += text);
  child.stderr.setEncoding("utf8").on("data", (text: string) => stderr += text);
  return new Promise((resolve, reject) => {
    child.on("error", reject).on("close", (code) => resolve({ code, stdout, stderr }));
  });
}
