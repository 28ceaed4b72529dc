// The syntax of Xen's xl.cfg(5): assignments of strings, numbers and lists. Nothing in a file is executed.

import { UnusableError } from "./problems.ts";

/** A value of an assignment. Numbers are kept as they are written. */
export type CfgValue = string | readonly CfgValue[];

/** The deepest list in lists. */
const DEPTH_MAX = 100;
const escapes: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  '"': '"',
  "'": "'",
  "\\": "\\",
};

type Token =
  | { readonly type: "name" | "value"; readonly text: string }
  | { readonly type: "mark"; readonly text: "=" | "+=" | "[" | "]" | "," | ";" | "\n" };

/** Blanks, and the tokens. A comment reaches to the end of its line, which must have one. */
const pattern =
  /[ \t]*(?:#[^\n]*(?=\n))?(?:([a-z][_0-9a-z]*)|([0-9][0-9a-fx]*)|("[^"\n\0\\]*(?:\\.[^"\n\0\\]*)*"|'[^'\n\0\\]*(?:\\.[^'\n\0\\]*)*')|(\+?=|[[\],;\n])|$)/y;

/**
 * Parses a configuration of xl.
 *
 * @param text The file.
 * @returns The values by their names. The last assignment of a name counts.
 * @throws {UnusableError} If xl does not accept the text either.
 */
export function parseXlCfg(text: string): Map<string, CfgValue> {
  return new Parser(tokensOf(text)).parse();
}

/** Returns the number of a value, in a base that the text tells as in C, or `null` if the text is not a number. */
export function numberOf(value: CfgValue | undefined): number | null {
  if (typeof value !== "string") return null;
  const [, sign, digits = ""] = /^[ \t\n\v\f\r]*([+-]?)(0x[0-9a-f]+|0[0-7]*|[1-9][0-9]*)$/i.exec(value) ?? [];
  if (digits === "") return null;
  const number = /^0[0-7]/.test(digits) ? parseInt(digits, 8) : Number(digits);
  return Number.isSafeInteger(number) ? (sign === "-" ? -number : number) : null;
}

function* tokensOf(text: string): Generator<Token, void> {
  let line = 1;
  for (let at = 0; at < text.length;) {
    pattern.lastIndex = at;
    const [whole = "", name, number, quoted, mark] = pattern.exec(text) ?? [];
    if (whole === "") throw new UnusableError(`line ${line} has an invalid character or an open string`);
    at += whole.length;
    if (name !== undefined) yield { type: "name", text: name };
    else if (number !== undefined) yield { type: "value", text: number };
    else if (quoted !== undefined) yield { type: "value", text: unquoted(quoted, line) };
    else if (isMark(mark)) yield { type: "mark", text: mark };
    if (mark === "\n") line++;
  }
}

function isMark(text: string | undefined): text is (Token & { type: "mark" })["text"] {
  return text !== undefined;
}

function unquoted(quoted: string, line: number): string {
  return quoted.slice(1, -1).replace(/\\(.)/gs, (_, letter: string) => {
    const character = escapes[letter];
    // Xen 4.17 does not accept numbers either: it takes any of them for an error, or for the end of the string.
    if (character === undefined) throw new UnusableError(`line ${line} has an unknown escape`);
    return character;
  });
}

class Parser {
  readonly #tokens: Iterator<Token, void>;
  readonly #values = new Map<string, CfgValue>();
  #next: Token | null;
  #line = 1;

  constructor(tokens: Iterator<Token, void>) {
    this.#tokens = tokens;
    this.#next = tokens.next().value ?? null;
  }

  parse(): Map<string, CfgValue> {
    while (this.#next !== null) {
      if (this.#takes(";") || this.#takes("\n")) continue;
      const name = this.#take("name");
      const isAddition = this.#takes("+=");
      if (!isAddition && !this.#takes("=")) throw this.#fault("an assignment");
      const value = this.#value(0);
      this.#values.set(name, isAddition ? this.#sum(this.#values.get(name), value) : value);
      if (this.#next !== null && !this.#takes(";") && !this.#takes("\n")) throw this.#fault("the end of a line");
    }
    return this.#values;
  }

  #value(depth: number): CfgValue {
    if (!this.#takes("[")) return this.#take("value");
    if (depth === DEPTH_MAX) throw new UnusableError(`line ${this.#line} has more than ${DEPTH_MAX} lists in lists`);
    const values: CfgValue[] = [];
    this.#skipLines();
    while (!this.#takes("]")) {
      values.push(this.#value(depth + 1));
      this.#skipLines();
      const isMore = this.#takes(",");
      this.#skipLines();
      if (!isMore && !this.#is("]")) throw this.#fault("the end of a list");
    }
    return values;
  }

  #sum(before: CfgValue | undefined, added: CfgValue): CfgValue {
    if (before === undefined) return added;
    if (typeof before === "string" && typeof added === "string") return before + added;
    if (typeof before !== "string" && typeof added !== "string") return [...before, ...added];
    throw new UnusableError(`line ${this.#line} adds a string and a list`);
  }

  #skipLines(): void {
    while (this.#takes("\n"));
  }

  #is(mark: string): boolean {
    return this.#next?.type === "mark" && this.#next.text === mark;
  }

  #takes(mark: string): boolean {
    if (!this.#is(mark)) return false;
    this.#advance();
    return true;
  }

  #take(type: "name" | "value"): string {
    const token = this.#next;
    if (token?.type !== type) throw this.#fault(type === "name" ? "a name" : "a value");
    this.#advance();
    return token.text;
  }

  #advance(): void {
    if (this.#is("\n")) this.#line++;
    this.#next = this.#tokens.next().value ?? null;
  }

  #fault(expected: string): UnusableError {
    return new UnusableError(`line ${this.#line} lacks ${expected}`);
  }
}
