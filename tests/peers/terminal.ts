// A program on a terminal of its own: types keys when the program shows what a test waits for.

import { Buffer } from "node:buffer";
import { type ChildProcess, spawn } from "node:child_process";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { timeout } from "../support/limits.ts";

const here = dirname(fileURLToPath(import.meta.url));
/** Debian's Python, which has the packages of Debian. */
const PYTHON = "/usr/bin/python3";

/** The number of rows and columns of a terminal. */
export type Size = readonly [rows: number, columns: number];

const USUAL: Size = [24, 80];

/** How a program on a terminal ended. */
export interface TerminalEnd {
  readonly status: number | null;
  readonly signal: string | null;
  /** Whether the settings of the terminal, such as its echo, are those before the program. */
  readonly restored: boolean;
}

/** What may differ from the usual terminal. */
export interface TerminalOptions {
  /** Added to the environment; `undefined` unsets a variable. */
  readonly variables?: Readonly<Record<string, string | undefined>>;
  readonly size?: Size;
}

/** A program that runs on a terminal. Its disposal kills it. */
export class Terminal implements AsyncDisposable {
  /** How the program ended. Rejects if it did not start. */
  readonly ended: Promise<TerminalEnd>;
  readonly #helper: ChildProcess;
  #shown = Buffer.alloc(0);
  #taken = 0;
  #onOutput: () => void = () => {};
  #isOver = false;

  /** Starts a program. */
  constructor(command: readonly string[], { variables = {}, size = USUAL }: TerminalOptions = {}) {
    const env: NodeJS.ProcessEnv = { ...process.env, TERM: "xterm-256color", ...variables };
    for (const [name, value] of Object.entries(variables)) if (value === undefined) delete env[name];
    const words = ["--pdeathsig", "TERM", PYTHON, join(here, "terminal.py"), ...size.map(String), ...command];
    this.#helper = spawn("setpriv", words, { env, stdio: "pipe" });
    this.#helper.stdin?.on("error", () => {});
    this.#helper.stdout?.on("data", (data: Uint8Array) => {
      this.#shown = Buffer.concat([this.#shown, data]);
      this.#onOutput();
    });
    let report = "";
    this.#helper.stderr?.setEncoding("utf8").on("data", (text: string) => report += text);
    this.ended = new Promise((resolve, reject) => {
      this.#helper.on("error", reject).on("close", () => {
        this.#isOver = true;
        this.#onOutput();
        try {
          resolve(JSON.parse(report));
        } catch {
          reject(new Error(`terminal.py failed: ${report}`));
        }
      });
    });
    this.ended.catch(() => {});
  }

  /** The process that made the terminal. The program is its child. */
  get pid(): number {
    return this.#helper.pid ?? 0;
  }

  /** All bytes that the terminal has shown, as a byte string. */
  get shown(): string {
    return this.#shown.toString("latin1");
  }

  /** Types keys: a byte string, such as `"ls\r"`, `"\t"` or `"\x03"` for Ctrl-C. */
  type(keys: string): void {
    this.#order({ keys: Buffer.from(keys, "latin1").toString("base64") });
  }

  /** Changes the size. */
  resize([rows, columns]: Size): void {
    this.#order({ size: [rows, columns] });
  }

  /** Closes the terminal, as the loss of an SSH connection does. */
  hangUp(): void {
    this.#order({ hang_up: true });
  }

  /**
   * Waits until the program shows a text, and resolves with what it has shown since the last call up to the end of the
   * text. Rejects if the program ends, or hangs, without it.
   */
  async shows(text: string): Promise<string> {
    const hung = setTimeout(() => this.#helper.kill(), timeout);
    try {
      for (;;) {
        const at = this.shown.indexOf(text, this.#taken);
        if (at >= 0) {
          const from = this.#taken;
          this.#taken = at + text.length;
          return this.shown.slice(from, this.#taken);
        }
        if (this.#isOver) break;
        await new Promise<void>((resolve) => this.#onOutput = resolve);
      }
    } finally {
      clearTimeout(hung);
    }
    throw new Error(`the program did not show ${JSON.stringify(text)} after ${JSON.stringify(this.shown)}`);
  }

  /** Kills the program if it still runs, and waits for its end. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#helper.stdin?.end();
    await this.ended.catch(() => {});
  }

  #order(order: object): void {
    this.#helper.stdin?.write(`${JSON.stringify(order)}\n`);
  }
}

/** What a terminal shows: its lines without spaces at their ends, and its cursor. */
export interface Screen {
  readonly lines: readonly string[];
  /** The row and the column of the cursor, from 0. */
  readonly cursor: readonly [row: number, column: number];
  readonly shows_cursor: boolean;
}

/** Returns the screen of a terminal after these bytes, by an emulator of a terminal. */
export function screenOf(shown: string, size: Size = USUAL): Promise<Screen> {
  const emulator = spawn(PYTHON, [join(here, "screen.py"), ...size.map(String)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  let output = "";
  emulator.stdout.setEncoding("utf8").on("data", (text: string) => output += text);
  emulator.stdin.end(Buffer.from(shown, "latin1"));
  return new Promise((resolve, reject) => {
    emulator.on("error", reject).on("close", (status) => {
      if (status === 0) resolve(JSON.parse(output));
      else reject(new Error(`screen.py ended with status ${status}`));
    });
  });
}
