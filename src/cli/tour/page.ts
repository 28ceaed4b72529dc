// Lays out the tour's text in the terminal's width, in colour if the output is a terminal.

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
  readonly #print: (line: string) => void;
  /** Whether the next paragraph needs an empty line before it: not at the top, and not below a heading. */
  #needsGap = false;

  /**
   * Makes a page.
   *
   * @param columns The width of the terminal, or 0 if it is unknown.
   * @param inColour Whether the page has colours.
   * @param print Prints a line.
   */
  constructor(columns: number, inColour: boolean, print: (line: string) => void) {
    this.#width = Math.min(columns || DEFAULT_WIDTH, WIDEST);
    this.#print = print;
    this.#inColour = inColour;
  }

  /** Begins a section. */
  heading(text: string): void {
    this.#gap();
    this.#print(this.#style(BOLD, text));
    this.#needsGap = false;
  }

  /** Prints a paragraph. */
  text(text: string): void {
    this.#gap();
    for (const line of wrap(text, this.#width)) this.#print(line);
  }

  /** Prints a remark of less weight. */
  note(text: string): void {
    for (const line of wrap(text, this.#width - INDENT.length)) this.#print(INDENT + this.#style(DIM, line));
  }

  /** Prints a call and its result beside it, or below it if they do not fit into one line. */
  result(call: string, result: string): void {
    const head = `${INDENT}${call} -> `;
    if (head.length + result.length <= this.#width) return this.#print(head + this.#style(CYAN, result));
    this.#print(head.trimEnd());
    const indent = INDENT.repeat(2);
    for (const line of wrap(result, this.#width - indent.length)) this.#print(indent + this.#style(CYAN, line));
  }

  #gap(): void {
    if (this.#needsGap) this.#print("");
    this.#needsGap = true;
  }

  #style(code: number, text: string): string {
    return this.#inColour ? `\x1b[${code}m${text}\x1b[0m` : text;
  }
}
