// The line editor of a terminal: node:readline, with the shell's own completion, Ctrl-C and Ctrl-D.

import process from "node:process";
import { createInterface, type Interface } from "node:readline";
import { Writable } from "node:stream";
import { bytesOf, textOf, utf8Of } from "../bytes.ts";
import { inColumns } from "./columns.ts";
import { commonStart, type Completion } from "./completion.ts";
import { Keys } from "./keys.ts";
import type { Line, Lines } from "./lines.ts";

const PROMPT = "tsxs> ";
const CONTINUED = "> ";
const USUAL_WIDTH = 80;
/** The events of standard input after its end. */
const ENDS = ["end", "close", "error"] as const;

/** What the editor needs of the shell. */
export interface EditorOptions {
  /** The lines of earlier shells, the newest first. */
  readonly history: readonly string[];
  /** The number of lines that are kept. */
  readonly historySize: number;
  /** Adds a line to the history. Returns whether it was added. */
  readonly remember: (line: string) => boolean;
  readonly complete: (line: string) => Promise<Completion>;
  /** Writes to the terminal. */
  readonly write: (bytes: Uint8Array) => void;
  readonly columns: () => number | null;
}

/** The screen as the line editor wants it. */
class Screen extends Writable {
  columns: number;
  readonly isTTY = true;

  constructor(write: (bytes: Uint8Array) => void, columns: number) {
    super({
      decodeStrings: true,
      write: (chunk: Uint8Array, _encoding, done) => {
        try {
          write(chunk);
        } catch { /* the terminal is gone: the end of the input tells */ }
        done();
      },
    });
    this.columns = columns;
  }
}

/** Reads lines from a terminal. */
export class Editor implements Lines {
  readonly #options: EditorOptions;
  readonly #keys = new Keys();
  readonly #screen: Screen;
  readonly #readline: Interface;
  readonly #onResize: () => void;
  readonly #onHangUp = (): void => {
    this.#isOver = true;
    this.#finish({ type: "end" });
  };
  /** Whether no more keys can come. */
  #isOver = false;
  #finished: ((line: Line) => void) | null = null;
  #isCommand = true;
  /** The newest line of the history. */
  #newest: string | undefined;
  #isCompleting = false;
  /** Whether the last key was a Tab that inserted nothing. */
  #isAsked = false;

  constructor(options: EditorOptions) {
    this.#options = options;
    this.#newest = options.history[0];
    this.#screen = new Screen(options.write, options.columns() ?? USUAL_WIDTH);
    this.#readline = createInterface({
      input: this.#keys,
      output: this.#screen,
      terminal: true,
      history: [...options.history],
      historySize: options.historySize,
    });
    this.#keys.stop();
    this.#readline.on("line", (line) => this.#accept(line));
    this.#onResize = () => {
      this.#screen.columns = options.columns() ?? USUAL_WIDTH;
      this.#screen.emit("resize");
    };
    process.on("SIGWINCH", this.#onResize);
    for (const event of ENDS) process.stdin.on(event, this.#onHangUp);
  }

  /** Reads a command with a prompt. */
  read(isFirst: boolean): Promise<Line> {
    return this.#read(isFirst ? PROMPT : CONTINUED, true);
  }

  /** Reads lines until Ctrl-D. They do not become part of the history. */
  async *answers(question: string): AsyncGenerator<Uint8Array, void> {
    for (let prompt = question;; prompt = "") {
      const read = await this.#read(prompt, false);
      if (read.type !== "line") return;
      yield bytesOf(`${read.line}\n`);
    }
  }

  /**
   * Runs a function that may print: above the line that is typed, if one is. The terminal sends signals for keys, such
   * as Ctrl-C, as long as the function runs.
   */
  aside(run: () => void): void {
    if (this.#finished === null) return run();
    this.#above(() => {
      this.#keys.setRawMode(false);
      try {
        run();
      } finally {
        this.#keys.setRawMode(true);
      }
    });
  }

  /** Takes the line off the screen, runs a function, and shows the line again. */
  #above(run: () => void): void {
    const { line, cursor } = this.#readline;
    this.#empty();
    this.#write("\r\x1b[J");
    try {
      run();
    } finally {
      this.#readline.prompt();
      if (line !== "") this.#readline.write(line);
      while (this.#readline.cursor > cursor) this.#readline.write(null, { name: "left" });
    }
  }

  /** Restores the terminal. */
  close(): void {
    process.off("SIGWINCH", this.#onResize);
    // An error of a terminal that is gone may still come.
    for (const event of ENDS) if (event !== "error") process.stdin.off(event, this.#onHangUp);
    this.#readline.close();
    this.#keys.stop();
  }

  #read(prompt: string, isCommand: boolean): Promise<Line> {
    if (this.#isOver) return Promise.resolve({ type: "end" });
    return new Promise((resolve) => {
      this.#finished = resolve;
      this.#isCommand = isCommand;
      this.#isAsked = false;
      this.#readline.setPrompt(prompt);
      this.#keys.listen(() => this.#feed());
      this.#readline.prompt();
      this.#feed();
    });
  }

  #finish(line: Line): void {
    const finished = this.#finished;
    if (finished === null) return;
    this.#finished = null;
    this.#keys.stop();
    finished(line);
  }

  #accept(line: string): void {
    // readline adds every line to its own history, except a repetition.
    if (this.#isCommand && this.#options.remember(line)) this.#newest = line;
    else if (line !== this.#newest) this.#forget(line);
    this.#finish({ type: "line", line: utf8Of(line) });
  }

  /** Drops the newest line of the editor's own history. */
  #forget(line: string): void {
    const { history } = this.#readline as Interface & { readonly history?: string[] };
    if (history?.[0] === line) history.copyWithin(0, 1).pop();
  }

  /** Passes the keys that wait to the editor, until a line is finished. */
  #feed(): void {
    while (this.#finished !== null && !this.#isCompleting) {
      const key = this.#keys.pass();
      if (key === null) return;
      if (key === "\t") {
        this.#isCompleting = true;
        void this.#complete().finally(() => {
          this.#isCompleting = false;
          this.#feed();
        });
        continue;
      }
      this.#isAsked = false;
      if (key === "\x03") this.#cancel();
      else if (key === "\x04" && this.#readline.line === "") this.#leave();
      else if (key === "\x04") this.#readline.write(null, { name: "delete" });
    }
  }

  #cancel(): void {
    const typed = this.#typed();
    this.#empty();
    this.#write(`\r\x1b[J${typed}^C\r\n`);
    this.#finish({ type: "cancelled" });
  }

  #leave(): void {
    this.#write("\r\n");
    this.#finish({ type: "end" });
  }

  async #complete(): Promise<void> {
    const { line, cursor } = this.#readline;
    if (!this.#isCommand) return;
    const { erased, inserted, choices } = await this.#options.complete(utf8Of(line.slice(0, cursor)));
    if (this.#finished === null) return;
    const [before, kept] = [textOf(erased), commonStart(textOf(erased), inserted).length];
    for (let left = before.length - kept; left > 0; left--) this.#readline.write(null, { name: "backspace" });
    if (inserted.length > kept) this.#readline.write(inserted.slice(kept));
    if (choices.length === 0) return void (this.#isAsked = false);
    if (this.#isAsked) this.#show(choices);
    this.#isAsked = true;
  }

  /** Shows what could follow, below the line as it is. */
  #show(choices: readonly string[]): void {
    const typed = this.#typed();
    this.#above(() => this.#write(`${typed}\n${inColumns(choices, this.#screen.columns)}`.replaceAll("\n", "\r\n")));
  }

  /** The prompt and the line. */
  #typed(): string {
    return `${this.#readline.getPrompt()}${this.#readline.line}`;
  }

  /** Empties the line. */
  #empty(): void {
    this.#readline.write(null, { ctrl: true, name: "e" });
    this.#readline.write(null, { ctrl: true, name: "u" });
  }

  #write(text: string): void {
    this.#options.write(bytesOf(utf8Of(text)));
  }
}
