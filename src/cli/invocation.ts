// One run of the command: its arguments, its environment and its streams, and how it fails.

import { errnoText, isErrnoName } from "../wire/errno.ts";
import type { Opened } from "../transport/open.ts";
import { codeOf } from "../wire/system_errors.ts";
import type { OpenedStream } from "./trace/byte_stream.ts";

/** A terminal to draw on. */
export interface Terminal {
  /** Returns the width, or `null` if it is unknown. */
  columns(): number | null;
  /** Writes all bytes. Throws the system's error. */
  write(bytes: Uint8Array): void;
}

/** The whole screen of a terminal, whose keys are read one by one until it is closed. */
export interface Screen {
  size(): { readonly rows: number; readonly columns: number };
  /** Writes all bytes. Throws the system's error. */
  write(bytes: Uint8Array): void;
  /** Restores the settings of the terminal. */
  close(): void;
}

/** One run of the command. Arguments are byte strings, because an argument may be any bytes. */
export interface Invocation {
  /** The name by which the command was called, with its directory if one was given. */
  readonly program: string;
  /** The arguments after the name. */
  readonly args: readonly string[];
  /** Returns a variable of the environment. */
  variable(name: string): string | undefined;
  /** Writes all bytes to standard output. Throws the system's error. */
  writeOutput(bytes: Uint8Array): void;
  /** Writes all bytes to standard error. Throws the system's error. */
  writeError(bytes: Uint8Array): void;
  /** Reads standard input. */
  readInput(): AsyncIterable<Uint8Array>;
  /** Reads a file. Its name is a byte string. */
  readFile(name: string): AsyncIterable<Uint8Array>;
  /** Returns the size of a regular file in bytes, and `null` for anything else. Its name is a byte string. */
  sizeOf(name: string): number | null;
  /** Returns whether standard input is a terminal. */
  isInputTerminal(): boolean;
  /** Returns whether standard error is a terminal. */
  isErrorTerminal(): boolean;
  /** Opens the terminal that controls the process, to draw on it. Without a terminal, opens standard error. */
  openTerminal(): Terminal;
  /** Returns the width of the terminal at standard output, or `null` if standard output is not a terminal. */
  columns(): number | null;
  /**
   * Opens the screen of the terminal at standard output. `onKeys` is called with the keys that are typed, also those of
   * signals such as `"\x03"`, if standard input is a terminal. `onResize` is called after a change of the size.
   */
  openScreen(onKeys: (keys: string) => void, onResize: () => void): Screen;
  /**
   * Runs a program with these variables added to the environment, and with the output of the command. Resolves with
   * its exit status. Rejects with the system's error if it does not start.
   */
  runProgram(words: readonly string[], variables: Readonly<Record<string, string>>): Promise<number>;
  /** Resolves with the first of these signals that arrives. The next one ends the process. */
  signalled(...signals: readonly string[]): Promise<string>;
  /** Opens the connection to the store at an address, or to the first store that is found. */
  open(address?: string): Promise<Opened>;
  /** Opens a stream of bytes to the store, as {@linkcode Invocation.open} finds it. */
  openStream(address?: string): Promise<OpenedStream>;
  /** Creates or empties a file, for its owner alone. Its name is a byte string. Throws the error of the system. */
  createFile(name: string): OutputFile;
  /**
   * Starts a program with these variables added to the environment, and with the streams of the command. Rejects with
   * the system's error if it does not start.
   */
  startProgram(words: readonly string[], variables: Readonly<Record<string, string>>): Promise<Program>;
  /** Calls a function for each of these signals that arrives, instead of ending, until the result is called. */
  onSignals(signals: readonly string[], listener: (signal: string) => void): () => void;
}

/** A file that the command writes. */
export interface OutputFile {
  /** Writes all bytes. Throws the system's error. */
  write(bytes: Uint8Array): void;
  /** Closes the file. */
  close(): void;
}

/** A program that runs. */
export interface Program {
  /** Resolves with the exit status: for the end by a signal, 128 and the number of the signal. */
  readonly ended: Promise<number>;
  /** Sends a signal. */
  kill(signal: string): void;
}

/** How the command ends: with a status, or by the signal of a closed pipe. */
export type Ending = number | "SIGPIPE";

/** The command failed. The message is printed after the name of the command. */
export class Failure extends Error {
  override name = "Failure";
  readonly status: number;

  constructor(message: string, status = 1) {
    super(message);
    this.status = status;
  }
}

/** An option of a subcommand asks for its help. */
export class HelpRequest extends Error {
  override name = "HelpRequest";
}

/** Standard output could not be written. */
export class OutputError extends Error {
  override name = "OutputError";
  /** The system's code, such as `"ENOSPC"`. */
  readonly code: string;

  constructor(cause: unknown) {
    super("cannot write the output", { cause });
    this.code = codeOf(cause) ?? "EIO";
  }
}

/** Returns the text of `strerror` for an error of a store or the system. */
export function reasonOf(error: unknown): string {
  const code = codeOf(error) ?? "";
  if (isErrnoName(code)) return errnoText(code);
  return error instanceof Error ? error.message : String(error);
}
