// Lays out the tour's text in the terminal's width, in colour if the output is a terminal.

import process from "node:process";
import { wrap } from "./text.ts";

const DEFAULT_WIDTH = 80;
/** Longer lines are hard to read, however wide a terminal is. */
const WIDEST = 100;
const INDENT = "  ";

/** The codes of ANSI's styles. */
const BOLD = 1;
const DIM = 2;
const CYAN = 36;

/** The text of the tour, from top to bottom. */
export class Page {
  readonly #width: number;
  readonly #inColour: boolean;
  /** Whether the next paragraph needs an empty line before it: not at the top, and not below a heading. */
  #needsGap = false;

  /** Makes a page of so many columns. */
  constructor(width: number, inColour: boolean) {
    this.#width = width;
    this.#inColour = inColour;
  }

  /** Begins a section. */
  heading(text: string): void {
    this.#gap();
    console.log(this.#style(BOLD, text));
    this.#needsGap = false;
  }

  /** Prints a paragraph. */
  text(text: string): void {
    this.#gap();
    for (const line of wrap(text, this.#width)) console.log(line);
  }

  /** Prints a remark of less weight. */
  note(text: string): void {
    for (const line of wrap(text, this.#width - INDENT.length)) console.log(INDENT + this.#style(DIM, line));
  }

  /** Prints a call and its result beside it, or below it if they do not fit into one line. */
  result(call: string, result: string): void {
    const head = `${INDENT}${call} -> `;
    if (head.length + result.length <= this.#width) return console.log(head + this.#style(CYAN, result));
    console.log(head.trimEnd());
    const indent = INDENT.repeat(2);
    for (const line of wrap(result, this.#width - indent.length)) console.log(indent + this.#style(CYAN, line));
  }

  #gap(): void {
    if (this.#needsGap) console.log();
    this.#needsGap = true;
  }

  #style(code: number, text: string): string {
    return this.#inColour ? `\x1b[${code}m${text}\x1b[0m` : text;
  }
}

/** Opens the page on this process's output. */
export function openPage(): Page {
  const { stdout, env } = process;
  const isTerminal = stdout.isTTY === true;
  const width = isTerminal && stdout.columns > 0 ? stdout.columns : DEFAULT_WIDTH;
  const inColour = isTerminal && !env.NO_COLOR && env.TERM !== "dumb";
  return new Page(Math.min(width, WIDEST), inColour);
}
