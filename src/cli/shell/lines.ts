// The lines that the shell reads: one interface for a terminal and for a script.

import { byteString } from "../bytes.ts";

/** What was read: a line without its end as a byte string, Ctrl-C, or the end of the input. */
export type Line = { readonly type: "line"; readonly line: string } | { readonly type: "cancelled" | "end" };

/** A source of lines. */
export interface Lines {
  /** Reads a command, or what follows an unfinished one. */
  read(isFirst: boolean): Promise<Line>;
  /** Reads what a command asks the user for, after the question that is on the screen already. */
  answers(question: string): AsyncIterable<Uint8Array>;
  /** Runs a function that may print, while a line may be typed. */
  aside(run: () => void): void;
  /** Restores the terminal. */
  close(): void;
}

/** The lines of a script. */
export class ScriptLines implements Lines {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #onRead: (isFirst: boolean) => void;
  #rest = "";
  #isOver = false;

  /** `onRead` is called before each line is read. */
  constructor(chunks: AsyncIterable<Uint8Array>, onRead: (isFirst: boolean) => void = () => {}) {
    this.#chunks = chunks[Symbol.asyncIterator]();
    this.#onRead = onRead;
  }

  async read(isFirst: boolean): Promise<Line> {
    this.#onRead(isFirst);
    let end = this.#rest.indexOf("\n");
    while (end < 0 && !this.#isOver) {
      const { done, value } = await this.#chunks.next();
      if (done === true) this.#isOver = true;
      else {
        const from = this.#rest.length;
        this.#rest += byteString(value);
        end = this.#rest.indexOf("\n", from);
      }
    }
    if (end < 0 && this.#rest === "") return { type: "end" };
    const line = end < 0 ? this.#rest : this.#rest.slice(0, end);
    this.#rest = end < 0 ? "" : this.#rest.slice(end + 1);
    return { type: "line", line };
  }

  /** The script itself is at standard input, so there is nothing else to read. */
  async *answers(): AsyncGenerator<Uint8Array, void> {
    // Nothing.
  }

  aside(run: () => void): void {
    run();
  }

  close(): void {
    // The process ends soon.
  }
}
