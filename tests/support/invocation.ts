// Runs the command in the process of the test, with a store, arguments and streams of the test.

import type { Ending, Invocation, Terminal } from "../../src/cli/invocation.ts";
import { main } from "../../src/cli/main.ts";
import { codedError } from "../../src/wire/system_errors.ts";
import type { Transport } from "../../src/transport/transport.ts";
import { TransportStream } from "../../src/cli/trace/transport_stream.ts";
import { runCommand } from "./program.ts";
import { bytesOf, byteString, utf8Of } from "../../src/cli/bytes.ts";

const PIECE = 1000;

/** The address that the command finds if no other one is given. */
const USUAL = "unix:/var/run/xenstored/socket";
/** The status of a program that a signal ended. */
const KILLED_STATUS = 128;

/** What the command printed, as byte strings, and how it ended. */
export interface Ran {
  readonly ending: Ending;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a test may replace. */
export interface Setting {
  readonly columns?: number | null;
  /** What standard input holds, as byte strings. */
  readonly input?: AsyncIterable<Uint8Array> | string;
  readonly isInputTerminal?: boolean;
  /** The terminal to draw on. Standard error is one, if it is given. */
  readonly terminal?: Terminal;
  /** The files that the command can read, as byte strings. */
  readonly files?: Map<string, string>;
  readonly variables?: Readonly<Record<string, string>>;
  /** Takes the place of standard output. */
  readonly writeOutput?: (bytes: Uint8Array) => void;
  /** Takes the place of standard error. */
  readonly writeError?: (bytes: Uint8Array) => void;
  /** Takes the place of running a program. */
  readonly runProgram?: Invocation["runProgram"];
  /** Takes the place of starting a program. */
  readonly startProgram?: Invocation["startProgram"];
  /** Takes the place of opening a stream over the transport that the test opens. */
  readonly openStream?: Invocation["openStream"];
  /** Resolves with a signal when the command is to get it. */
  readonly signalled?: Promise<string>;
}

/** An invocation of a test, and what was printed. */
export interface Made {
  readonly invocation: Invocation;
  /** Returns what was printed, as byte strings. */
  printed(): { readonly stdout: string; readonly stderr: string };
}

/** Runs a command such as `["xenstore-read", "/tool"]` or `["tsxs", "read", "/tool"]`. */
export async function run(
  open: (address?: string) => Transport | Promise<Transport>,
  words: readonly string[],
  setting: Setting = {},
): Promise<Ran> {
  const { invocation, printed } = invocationOf(open, words, setting);
  const ending = await main(invocation);
  return { ending, ...printed() };
}

/** Makes the invocation of a command such as `["tsxs", "read", "/tool"]`. */
export function invocationOf(
  open: (address?: string) => Transport | Promise<Transport>,
  [program = "", ...args]: readonly string[],
  {
    columns = null,
    variables = {},
    input = "",
    isInputTerminal = false,
    terminal,
    files,
    writeOutput,
    writeError,
    runProgram,
    startProgram,
    openStream,
    signalled = new Promise(() => {}),
  }: Setting = {},
): Made {
  let [stdout, stderr] = ["", ""];
  const invocation: Invocation = {
    program,
    args: args.map(utf8Of),
    variable: (name) => variables[name],
    writeOutput: writeOutput ?? ((bytes) => void (stdout += byteString(bytes))),
    writeError: writeError ?? ((bytes) => void (stderr += byteString(bytes))),
    readInput: () => typeof input === "string" ? pieces(input) : input,
    readFile: (name) => pieces(files?.get(name)),
    sizeOf: (name) => files?.get(name)?.length ?? null,
    isInputTerminal: () => isInputTerminal,
    isErrorTerminal: () => terminal !== undefined,
    openScreen: () => {
      throw new Error("the test has no screen");
    },
    openTerminal: () =>
      terminal ?? { columns: () => null, write: writeError ?? ((bytes) => void (stderr += byteString(bytes))) },
    columns: () => columns,
    runProgram: runProgram ?? (async (words, added) => {
      const ran = await runCommand(words, { ...variables, ...added });
      stdout += utf8Of(ran.stdout);
      stderr += utf8Of(ran.stderr);
      return ran.code ?? KILLED_STATUS;
    }),
    signalled: () => signalled,
    open: async (address) => ({ transport: await open(address), address: address ?? USUAL }),
    openStream: openStream ??
      (async (address) => ({ stream: new TransportStream(await open(address)), address: address ?? USUAL })),
    createFile: (name) => {
      files?.set(name, "");
      return {
        write: (bytes) => void files?.set(name, (files.get(name) ?? "") + byteString(bytes)),
        close: () => {},
      };
    },
    startProgram: startProgram ?? (async (words, added) => {
      const ran = await runCommand(words, { ...variables, ...added });
      stdout += utf8Of(ran.stdout);
      stderr += utf8Of(ran.stderr);
      return { ended: Promise.resolve(ran.code ?? KILLED_STATUS), kill: () => {} };
    }),
    onSignals: (_, listener) => {
      let isHeld = true;
      void signalled.then((signal) => isHeld && listener(signal));
      return () => void (isHeld = false);
    },
  };
  return { invocation, printed: () => ({ stdout, stderr }) };
}

/** Yields a text in pieces that end anywhere. Throws ENOENT if there is no text. */
async function* pieces(text: string | undefined): AsyncGenerator<Uint8Array, void> {
  if (text === undefined) throw codedError("ENOENT", "no such file");
  for (let at = 0; at < text.length; at += PIECE) yield await Promise.resolve(bytesOf(text.slice(at, at + PIECE)));
}
