// The command's arguments and streams on Deno. Its own API loads faster than that of Node.

import type { DenoApi, Output } from "./deno_api.ts";
import { openTransport } from "../transport/open.ts";
import type { Ending, Invocation, Terminal } from "./invocation.ts";
import { openScreen } from "./open_screen.ts";
import { argumentsOf, decodedName, programOf } from "./process_arguments.ts";
import { writeAll } from "./printer.ts";

declare const Deno: DenoApi;

const TERMINAL = "/dev/tty";
/** How a shell reports the end by SIGPIPE. */
const PIPE_STATUS = 141;
/** The status of a program that a signal ended. */
const KILLED_STATUS = 128;
const OWNER_ONLY = 0o600;

/** The invocation of this process. */
export function invocation(): Invocation {
  const { env, stdout, stderr } = Deno;
  const called = [Deno.mainModule, ...Deno.args];
  const [script = "", ...args] = argumentsOf(called, () => Deno.readFileSync("/proc/self/cmdline"));
  return {
    program: programOf(script, env.get("PATH")),
    args,
    variable: (name) => env.get(name),
    writeOutput: (bytes) => writeAll((rest) => stdout.writeSync(rest), bytes),
    writeError: (bytes) => writeAll((rest) => stderr.writeSync(rest), bytes),
    readInput: () => Deno.stdin.readable,
    readFile: async function* (name) {
      yield* (await Deno.open(decodedName(name))).readable;
    },
    sizeOf: (name) => sizeOf(decodedName(name)),
    isInputTerminal: () => Deno.stdin.isTerminal(),
    isErrorTerminal: () => stderr.isTerminal(),
    openTerminal,
    openScreen,
    columns: () => stdout.isTerminal() ? Deno.consoleSize().columns : null,
    runProgram: async ([program = "", ...programArgs], variables) => {
      const options = { args: programArgs, env: variables, stdin: "null", stdout: "inherit", stderr: "inherit" };
      const { code, signal } = await new Deno.Command(program, options).spawn().status;
      return signal === null ? code : KILLED_STATUS;
    },
    signalled: (...signals) =>
      new Promise((resolve) => {
        let isFirst = true;
        for (const signal of signals) {
          Deno.addSignalListener(signal, () => {
            if (!isFirst) Deno.exit(KILLED_STATUS);
            isFirst = false;
            resolve(signal);
          });
        }
      }),
    open: (address) => openTransport(address),
    openStream: async (address) => (await import("./trace/open_stream.ts")).openStream(address),
    createFile: (name) => {
      const file = Deno.openSync(decodedName(name), { write: true, create: true, truncate: true, mode: OWNER_ONLY });
      return { write: (bytes) => writeAll((rest) => file.writeSync(rest), bytes), close: () => file.close() };
    },
    startProgram: ([program = "", ...programArgs], variables) =>
      new Promise((resolve) => {
        const options = {
          args: programArgs,
          env: variables,
          stdin: "inherit",
          stdout: "inherit",
          stderr: "inherit",
        };
        const child = new Deno.Command(program, options).spawn();
        // The code after a signal is 128 and the number of the signal.
        resolve({ ended: child.status.then(({ code }) => code), kill: (signal) => child.kill(signal) });
      }),
    onSignals: (signals, listener) => {
      const listeners = signals.map((signal) => [signal, () => listener(signal)] as const);
      for (const [signal, call] of listeners) Deno.addSignalListener(signal, call);
      return () => {
        for (const [signal, call] of listeners) Deno.removeSignalListener(signal, call);
      };
    },
  };
}

function sizeOf(name: string): number | null {
  try {
    const { isFile, size } = Deno.statSync(name);
    return isFile ? size : null;
  } catch {
    return null;
  }
}

function openTerminal(): Terminal {
  let file: Output = Deno.stderr;
  try {
    file = Deno.openSync(TERMINAL, { write: true });
  } catch { /* the process has no terminal */ }
  return {
    columns: () => file.isTerminal() ? Deno.consoleSize().columns : null,
    write: (bytes) => writeAll((rest) => file.writeSync(rest), bytes),
  };
}

/** Ends the process. */
export function end(ending: Ending): never {
  if (ending !== "SIGPIPE") return Deno.exit(ending);
  // The runtime ignores the signal. It restores the system's action when the last listener is removed.
  const ignore = (): void => {};
  Deno.addSignalListener("SIGPIPE", ignore);
  Deno.removeSignalListener("SIGPIPE", ignore);
  Deno.kill(Deno.pid, "SIGPIPE");
  return Deno.exit(PIPE_STATUS);
}
