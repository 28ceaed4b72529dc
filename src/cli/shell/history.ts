// The history of the prompt: a bounded file that only its owner can read.

import {
  closeSync,
  existsSync,
  fchmodSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  realpathSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { codeOf } from "../../wire/system_errors.ts";

/** The number of lines that are kept. */
export const LINES_MAX = 1000;
/** The longest line that is kept, in characters. */
const LINE_MAX = 4096;
/** How much of the end of a file is read, in bytes. */
const READ_MAX = 1 << 20;
const MODE = 0o600;
const DIRECTORY_MODE = 0o700;
/** A line with these was not typed. */
// deno-lint-ignore no-control-regex -- control characters are what it looks for
const CONTROL = /[\0-\x1f\x7f]/;

/**
 * Returns the file of the history, or `null` for none: `TSXS_HISTORY`, or `tsxs/history` in the directory for states.
 * An empty `TSXS_HISTORY` turns the history off.
 */
export function historyFile(variable: (name: string) => string | undefined): string | null {
  const own = variable("TSXS_HISTORY");
  if (own !== undefined) return own === "" ? null : own;
  const state = variable("XDG_STATE_HOME");
  // The specification of these directories ignores relative paths.
  if (state?.startsWith("/")) return join(state, "tsxs", "history");
  const home = variable("HOME");
  return home ? join(home, ".local", "state", "tsxs", "history") : null;
}

/** The lines that were typed, in this shell and in earlier ones. */
export class History {
  /** The lines, the oldest first. */
  #lines: readonly string[] = [];
  readonly #file: string | null;
  readonly #onFailure: (error: unknown) => void;
  /** The number of lines in the file. */
  #count = 0;
  #hasFailed = false;

  /** Reads the history. `onFailure` is called once if the file cannot be read or written. */
  constructor(file: string | null, onFailure: (error: unknown) => void) {
    // Opening a pipe would wait for its other end, and /dev/null keeps nothing.
    this.#file = file === null || (existsSync(file) && !statSync(file).isFile()) ? null : file;
    this.#onFailure = onFailure;
    this.#attempt((file) => {
      const found = readEnd(file).split("\n").filter((line) => line !== "" && !CONTROL.test(line));
      this.#count = found.length;
      this.#lines = found.slice(-LINES_MAX);
      if (this.#count > LINES_MAX) this.#rewrite(file);
    });
  }

  /** The lines, the newest first. */
  get newestFirst(): string[] {
    return this.#lines.toReversed();
  }

  /** Adds a line, unless it repeats the last one, is empty, or begins with a space. Returns whether it was added. */
  add(line: string): boolean {
    if (/^\s|^$/.test(line) || line.length > LINE_MAX || CONTROL.test(line) || line === this.#lines.at(-1)) {
      return false;
    }
    this.#lines = [...this.#lines, line].slice(-LINES_MAX);
    this.#attempt((file) => {
      append(file, `${line}\n`);
      // Shells that run at the same time append to the same file.
      if (++this.#count > 2 * LINES_MAX) this.#rewrite(file);
    });
    return true;
  }

  /** Leaves only the last lines in the file. */
  #rewrite(file: string): void {
    const lines = readEnd(file).split("\n").filter((line) => line !== "").slice(-LINES_MAX);
    const target = realpathSync(file);
    const temporary = `${target}.${process.pid}`;
    try {
      writeFileSync(temporary, lines.map((line) => `${line}\n`).join(""), { mode: MODE });
      renameSync(temporary, target);
    } catch (error) {
      remove(temporary);
      throw error;
    }
    this.#count = lines.length;
  }

  #attempt(use: (file: string) => void): void {
    if (this.#file === null || this.#hasFailed) return;
    try {
      use(this.#file);
    } catch (error) {
      this.#hasFailed = true;
      this.#onFailure(error);
    }
  }
}

/** Reads the end of a file; nothing if the file does not exist. */
function readEnd(file: string): string {
  if (!existsSync(file)) return "";
  const descriptor = openSync(file, "r");
  try {
    const { size } = fstatSync(descriptor);
    const from = Math.max(size - READ_MAX, 0);
    const bytes = new Uint8Array(size - from);
    let length = 0;
    for (let got = -1; got !== 0 && length < bytes.length; length += got) {
      got = readSync(descriptor, bytes, length, bytes.length - length, from + length);
    }
    const text = new TextDecoder().decode(bytes.subarray(0, length));
    return from === 0 ? text : text.slice(text.indexOf("\n") + 1);
  } finally {
    closeSync(descriptor);
  }
}

/** Appends to a file that only its owner can read. */
function append(file: string, text: string): void {
  makeDirectory(dirname(file));
  const descriptor = openSync(file, "a", MODE);
  try {
    if ((fstatSync(descriptor).mode & 0o777) !== MODE) fchmodSync(descriptor, MODE);
    writeSync(descriptor, text);
  } finally {
    closeSync(descriptor);
  }
}

/** Makes a directory and those above it. Node's own way does not end for a directory in `/proc`. */
function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory, { mode: DIRECTORY_MODE });
  } catch (error) {
    if (codeOf(error) === "EEXIST") return;
    if (codeOf(error) !== "ENOENT" || dirname(directory) === directory) throw error;
    makeDirectory(dirname(directory));
    mkdirSync(directory, { mode: DIRECTORY_MODE });
  }
}

function remove(file: string): void {
  try {
    unlinkSync(file);
  } catch { /* it was not made */ }
}
