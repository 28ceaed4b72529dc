// The command's arguments and streams on Node and Bun.

import { builtin } from "../transport/builtin.ts";
import { openTransport } from "../transport/open.ts";
import type { Ending, Invocation, Terminal } from "./invocation.ts";
import { openScreen } from "./open_screen.ts";
import { argumentsOf, decodedName, programOf } from "./process_arguments.ts";
import { writeAll } from "./printer.ts";

/** The part of the global `process` that is used here. Deno would load Node's modules for an import of it. */
interface Process {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly pid: number;
  readonly stdin: AsyncIterable<Uint8Array>;
  on(signal: string, listener: () => void): void;
  off(signal: string, listener: () => void): void;
  kill(pid: number, signal: string): void;
  exit(status: number): never;
}

const { process } = globalThis as unknown as { readonly process: Process };
const [STDIN, STDOUT, STDERR] = [0, 1, 2];
const TERMINAL = "/dev/tty";
/** How a shell reports the end by SIGPIPE. */
const PIPE_STATUS = 141;
/** The status of a program that a signal ended. */
const KILLED_STATUS = 128;
const OWNER_ONLY = 0o600;

/** The invocation of this process. */
export function invocation(): Invocation {
  const { argv, env } = process;
  const { readFileSync, writeSync } = builtin("node:fs");
  const [script = "", ...args] = argumentsOf(argv.slice(1), () => readFileSync("/proc/self/cmdline"));
  return {
    program: programOf(script, env.PATH),
    args,
    variable: (name) => env[name],
    writeOutput: (bytes) => writeAll((rest) => writeSync(STDOUT, rest), bytes),
    writeError: (bytes) => writeAll((rest) => writeSync(STDERR, rest), bytes),
    readInput: () => process.stdin,
    readFile: (name) => builtin("node:fs").createReadStream(decodedName(name)),
    sizeOf: (name) => sizeOf(decodedName(name)),
    isInputTerminal: () => builtin("node:tty").isatty(STDIN),
    isErrorTerminal: () => builtin("node:tty").isatty(STDERR),
    openTerminal,
    openScreen,
    columns: () => {
      const { isatty, WriteStream } = builtin("node:tty");
      return isatty(STDOUT) ? new WriteStream(STDOUT).columns : null;
    },
    runProgram: ([program = "", ...programArgs], variables) =>
      new Promise((resolve, reject) => {
        builtin("node:child_process")
          .spawn(program, programArgs, { stdio: ["ignore", "inherit", "inherit"], env: { ...env, ...variables } })
          .on("error", reject)
          .on("close", (status) => resolve(status ?? KILLED_STATUS));
      }),
    signalled: (...signals) =>
      new Promise((resolve) => {
        let isFirst = true;
        for (const signal of signals) {
          process.on(signal, () => {
            if (!isFirst) process.exit(KILLED_STATUS);
            isFirst = false;
            resolve(signal);
          });
        }
      }),
    open: (address) => openTransport(address),
    openStream: async (address) => (await import("./trace/open_stream.ts")).openStream(address),
    createFile: (name) => {
      const { closeSync, openSync } = builtin("node:fs");
      const descriptor = openSync(decodedName(name), "w", OWNER_ONLY);
      const write = (bytes: Uint8Array): void => writeAll((rest) => writeSync(descriptor, rest), bytes);
      return { write, close: () => closeSync(descriptor) };
    },
    startProgram: ([program = "", ...programArgs], variables) =>
      new Promise((resolve, reject) => {
        const { signals } = builtin("node:os").constants;
        const child = builtin("node:child_process")
          .spawn(program, programArgs, { stdio: "inherit", env: { ...env, ...variables } });
        const ended = new Promise<number>((end) =>
          child.on("close", (status, signal) => end(status ?? KILLED_STATUS + (signal === null ? 0 : signals[signal])))
        );
        child.on("error", reject).on("spawn", () =>
          resolve({ ended, kill: (name) => void process.kill(child.pid ?? 0, name) }));
      }),
    onSignals: (signals, listener) => {
      const listeners = signals.map((signal) => [signal, () => listener(signal)] as const);
      for (const [signal, call] of listeners) process.on(signal, call);
      return () => {
        for (const [signal, call] of listeners) process.off(signal, call);
      };
    },
  };
}

function sizeOf(name: string): number | null {
  const status = builtin("node:fs").statSync(name, { throwIfNoEntry: false });
  return status?.isFile() === true ? status.size : null;
}

function openTerminal(): Terminal {
  const { openSync, writeSync } = builtin("node:fs");
  const { isatty, WriteStream } = builtin("node:tty");
  let file = STDERR;
  try {
    file = openSync(TERMINAL, "w");
  } catch { /* the process has no terminal */ }
  const stream = isatty(file) ? new WriteStream(file) : null;
  return {
    columns: () => stream?.columns ?? null,
    write: (bytes) => writeAll((rest) => writeSync(file, rest), bytes),
  };
}

/** Ends the process. */
export function end(ending: Ending): never {
  if (ending !== "SIGPIPE") return process.exit(ending);
  // The runtime ignores the signal. It restores the system's action when the last listener is removed.
  const ignore = (): void => {};
  process.on("SIGPIPE", ignore);
  process.off("SIGPIPE", ignore);
  process.kill(process.pid, "SIGPIPE");
  return process.exit(PIPE_STATUS);
}
