// Standard output: gathers what a subcommand prints, and writes it in large pieces.

import { bytesOf } from "./bytes.ts";
import { type Invocation, OutputError } from "./invocation.ts";

const PIECE = 32768;
/** The pauses before a write is tried again on a full pipe that does not block. */
const PAUSE_MS = 1;

/** The part of an invocation that is used here. */
type Output = Pick<Invocation, "writeOutput">;

/** Prints byte strings to standard output. */
export class Printer {
  readonly #invocation: Output;
  #text = "";

  constructor(invocation: Output) {
    this.#invocation = invocation;
  }

  /** Prints a byte string, now or with a later one. */
  print(text: string): void {
    this.#text += text;
    if (this.#text.length >= PIECE) this.#flushLines();
  }

  /** Writes whole lines, so that a progress bar has a line of its own between them. */
  #flushLines(): void {
    const end = this.#text.lastIndexOf("\n") + 1;
    const rest = this.#text.slice(end);
    if (end > 0) this.#text = this.#text.slice(0, end);
    this.flush();
    if (end > 0) this.#text = rest;
  }

  /** Writes what was not written yet. Throws an {@linkcode OutputError} if the system refuses it. */
  flush(): void {
    if (this.#text === "") return;
    const bytes = bytesOf(this.#text);
    this.#text = "";
    try {
      this.#invocation.writeOutput(bytes);
    } catch (error) {
      throw new OutputError(error);
    }
  }
}

/** Writes all bytes by a function that may write a part of them, and may throw EAGAIN if a pipe is full. */
export function writeAll(write: (bytes: Uint8Array) => number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) {
    try {
      done += write(bytes.subarray(done));
    } catch (error) {
      if (!isFull(error)) throw error;
      sleep(PAUSE_MS);
    }
  }
}

function isFull(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EAGAIN";
}

function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
