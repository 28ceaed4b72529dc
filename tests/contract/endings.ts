// The contract: a process with a connection ends normally, even if a read waits in the kernel.

import { spawn } from "node:child_process";
import process from "node:process";
import { describe, test } from "node:test";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { timeout } from "../support/limits.ts";

interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
}

const ways: Record<string, (ending: Ending) => void> = {
  close: ({ code }) => assertEquals(code, 0),
  exit: ({ code }) => assertEquals(code, 7),
  throw: ({ code, output }) => {
    assertEquals(code, 1);
    assertStringIncludes(output, "thrown on purpose");
  },
  kill: ({ signal }) => assertEquals(signal, "SIGTERM"),
};

/** Runs `ending.ts`, or its bundle, with a command of this runtime. */
async function end(command: readonly string[], address: string, way: string): Promise<Ending> {
  const [executable = "", ...rest] = command;
  const child = spawn(executable, [...rest, address, way], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => output += text);
  }
  return await new Promise((resolve, reject) => {
    child.on("error", reject).on("close", (code, signal) => resolve({ code, signal, output }));
  });
}

/** The command that runs a program on this runtime. `loader` is the options that Node needs. */
export function runnerOf(program: string, loader: readonly string[] = []): string[] {
  const flags = "Deno" in globalThis ? ["run", "--allow-all", "--no-check"] : "Bun" in globalThis ? [] : loader;
  return [process.execPath, ...flags, program];
}

/** Declares the tests of the ways in which a process with a connection ends. */
export function endingsContract(
  name: string,
  command: readonly string[],
  withAddress: (use: (address: string) => Promise<void>) => Promise<void>,
): void {
  describe(`${name}: a process with a connection`, () => {
    for (const [way, check] of Object.entries(ways)) {
      test(`a process with an open connection ends by ${way}`, { timeout }, async () => {
        await withAddress(async (address) => {
          const ending = await end(command, address, way);
          assertStringIncludes(ending.output, "connected");
          check(ending);
        });
      });
    }
  });
}
