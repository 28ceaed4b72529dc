// Runs users' JavaScript with the installed package on every runtime, and follows its source maps.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import type { Check } from "./checks.ts";
import { bun, type Command, deno, run, runtimes } from "./place.ts";

/** A daemon in a separate process, for blocking calls. */
export interface DaemonProcess extends AsyncDisposable {
  readonly socket: string;
}

/** Starts a daemon from the installed package. */
export async function startDaemon(directory: string): Promise<DaemonProcess> {
  const socket = join(directory, "socket");
  const child = spawn(process.execPath, [join(directory, "daemon.mjs"), socket], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  await Promise.race([
    once(child.stdout, "data"),
    exited.then(() => Promise.reject(new Error("cannot start a daemon: its process ended"))),
  ]);
  return {
    socket,
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await exited;
    },
  };
}

/** Runs a program that uses everything. Throws if its last line does not say that everything works. */
export async function runEverything(command: readonly string[], directory: string, socket: string): Promise<void> {
  const output = await run([...command, socket], directory);
  if (!output.endsWith("everything works\n")) throw new Error(`${command.join(" ")} wrote:\n${output}`);
}

/** One check for each runtime. */
export function runChecksOf(directory: string, socket: string): Check[] {
  return runtimes().map(({ name, command }) => ({
    name,
    run: () => runEverything([...command, "everything.mjs", "--names"], directory, socket),
  }));
}

/** One check for each Node: the source maps lead from the errors of the entries to their sources. */
export function traceChecks(directory: string): Check[] {
  return runtimes().filter(({ name }) => name.startsWith("node")).map((node) => ({
    name: node.name,
    run: () => checkTraces(node, directory),
  }));
}

async function checkTraces({ command }: Command, directory: string): Promise<void> {
  const output = await run([...command, "--enable-source-maps", "trace.mjs"], directory);
  const stacks = output.split("\n--\n").filter((stack) => stack.trim() !== "");
  if (stacks.length !== 4) throw new Error(`expected four stacks, got:\n${output}`);
  for (const stack of stacks) checkTrace(stack);
}

/** Every frame of ours is in an existing source, on a line with the name or the throw of the frame. */
function checkTrace(stack: string): void {
  const frames = [...stack.matchAll(/\(?(?:file:\/\/)?(\/[^\s()]*\/node_modules\/tsxs\/[^\s()]*):(\d+):(\d+)\)?/g)];
  if (frames.length === 0) throw new Error(`no frame of the package in:\n${stack}`);
  for (const [, file = "", line, column] of frames) {
    if (!file.endsWith(".ts") || !existsSync(file)) {
      throw new Error(`no source of the package at ${file} in:\n${stack}`);
    }
    const text = readFileSync(file, "utf8").split("\n")[Number(line) - 1];
    if (text === undefined || text.length < Number(column)) throw new Error(`${file} has no ${line}:${column}`);
  }
  // The innermost frame is the code that created the error.
  const [, file = "", line] = frames[0] ?? [];
  const text = readFileSync(file, "utf8").split("\n")[Number(line) - 1] ?? "";
  if (!/\bnew \w|\bthrow\b|Error|fail/.test(text)) throw new Error(`${file}:${line} throws nothing: ${text}`);
}

/** The installed command works on each runtime by its own name and by that of a tool, and by the packages' runners. */
export function commandChecks(directory: string, socket: string): Check[] {
  const runners = [["npx", "--offline", "tsxs"], [join(dirname(bun()), "bunx"), "tsxs"], [
    deno(),
    "run",
    "-A",
    "npm:tsxs",
  ]];
  return [
    ...runtimes().map(({ name, command }) => ({ name, run: () => checkCommand(name, command, directory, socket) })),
    ...runners.map((runner) => ({
      name: runner.join(" "),
      run: async () => {
        const command = ["env", `XENSTORED_PATH=${socket}`, ...runner, "control", "check"];
        const output = await run(command, directory);
        if (output !== "OK\n") throw new Error(`${runner.join(" ")} wrote:\n${output}`);
      },
    })),
  ];
}

async function checkCommand(
  name: string,
  command: readonly string[],
  directory: string,
  socket: string,
): Promise<void> {
  const installed = join(directory, "node_modules", ".bin", "tsxs");
  const tool = join(directory, `xenstore-ls-${name}`, "xenstore-ls");
  mkdirSync(dirname(tool));
  symlinkSync(installed, tool);
  const withStore = ["env", `XENSTORED_PATH=${socket}`, ...command];
  const path = `/tool/${name}`;
  await run([...withStore, installed, "write", `${path}/a`, "two words", `${path}/b`, "\\xff"], directory);
  const outputs = [
    [await run([...withStore, installed, "read", "-p", `${path}/a`], directory), `${path}/a: two words\n`],
    [await run([...withStore, tool, "-f", path], directory), `${path}/a = "two words"\n${path}/b = "\\xff"\n`],
  ];
  for (const [output, expected] of outputs) {
    if (output !== expected) throw new Error(`the command wrote:\n${output}instead of:\n${expected}`);
  }
}
