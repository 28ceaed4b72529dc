// Lines of the shell as words: the quotes and backslashes of POSIX shells, and words as a user would type them.

/** A word of a line. Lines and words are byte strings. */
export interface Word {
  readonly text: string;
  /** The position in the line of its first character. */
  readonly start: number;
  /** The position after its last character. */
  readonly end: number;
  /** What is after the last slash of the word, or the whole word without one. */
  readonly last: LastPart;
}

/** The last part of a word that is a path. */
export interface LastPart {
  /** The position in {@linkcode Word.text}. */
  readonly at: number;
  /** The position in the line. */
  readonly start: number;
  /** Whether it begins outside of quotes. */
  readonly isBare: boolean;
}

/** A line as words. */
export type Words =
  | { readonly type: "complete"; readonly words: readonly Word[] }
  /** A quote is open, or the line ends with a backslash: the next line belongs to it. */
  | { readonly type: "unfinished"; readonly words: readonly Word[]; readonly reason: string }
  | { readonly type: "invalid"; readonly words: readonly Word[]; readonly reason: string };

/** What a shell would do with these, this one does not. */
const OPERATORS = "|&;<>`";
const BLANK = /[ \t\n\r]/;
/** The characters that a backslash in double quotes takes their meaning. */
const ESCAPED_IN_DOUBLE = '$`"\\';
/** The letters after a backslash in `$'...'`. */
const letters: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  e: "\x1b",
  E: "\x1b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  "'": "'",
  '"': '"',
  "?": "?",
};
const quotedLetters: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** Splits a line into words. A `#` at the beginning of a word starts a comment. */
export function wordsOf(line: string): Words {
  const words: Word[] = [];
  let at = 0;
  for (;;) {
    for (let length = blankAt(line, at); length > 0; length = blankAt(line, at)) at += length;
    if (at >= line.length || line.charAt(at) === "#") return { type: "complete", words };
    const reader = new WordReader(line, at);
    const fault = reader.read();
    words.push({ text: reader.text, start: at, end: reader.at, last: reader.last });
    if (fault !== null) return { type: fault.isOpen ? "unfinished" : "invalid", words, reason: fault.reason };
    if (reader.text.includes("\0")) return { type: "invalid", words, reason: "a word contains a NUL" };
    at = reader.at;
  }
}

/** The number of characters of a blank, or of a backslash and the line end after it, which join two lines. */
function blankAt(line: string, at: number): number {
  return BLANK.test(line.charAt(at)) ? 1 : line.startsWith("\\\n", at) ? 2 : 0;
}

/** The reason for the end of a word that is not complete. */
interface Fault {
  /** Whether more text would mend it. */
  readonly isOpen: boolean;
  readonly reason: string;
}

/** Reads one word. */
class WordReader {
  text = "";
  at: number;
  last: LastPart;
  readonly #line: string;

  constructor(line: string, start: number) {
    this.#line = line;
    this.at = start;
    this.last = { at: 0, start, isBare: true };
  }

  read(): Fault | null {
    for (;;) {
      const character = this.#line.charAt(this.at);
      if (character === "" || BLANK.test(character)) return null;
      if (OPERATORS.includes(character)) {
        return { isOpen: false, reason: `'${character}' has no meaning here: put it in quotes to use it as it is` };
      }
      const fault = character === "'"
        ? this.#single()
        : character === '"'
        ? this.#double()
        : this.#line.startsWith("$'", this.at)
        ? this.#ansi()
        : character === "\\"
        ? this.#backslash()
        : this.#take(character, this.at + 1, true);
      if (fault !== null) return fault;
    }
  }

  /** Adds a character, and goes on after `end`. */
  #take(character: string, end: number, isBare: boolean): null {
    this.text += character;
    this.at = end;
    if (character === "/") this.last = { at: this.text.length, start: end, isBare };
    return null;
  }

  #backslash(): Fault | null {
    const next = this.#line.charAt(this.at + 1);
    if (next === "") return open("a backslash ends the line");
    // A backslash joins two lines.
    if (next === "\n") this.at += 2;
    else this.#take(next, this.at + 2, true);
    return null;
  }

  #single(): Fault | null {
    for (this.at++; this.at < this.#line.length;) {
      const character = this.#line.charAt(this.at);
      if (character === "'") return this.#close();
      this.#take(character, this.at + 1, false);
    }
    return open("a quote is not closed");
  }

  #double(): Fault | null {
    for (this.at++; this.at < this.#line.length;) {
      const [character, next] = [this.#line.charAt(this.at), this.#line.charAt(this.at + 1)];
      if (character === '"') return this.#close();
      if (character !== "\\") this.#take(character, this.at + 1, false);
      else if (next === "") break;
      else if (next === "\n") this.at += 2;
      else if (ESCAPED_IN_DOUBLE.includes(next)) this.#take(next, this.at + 2, false);
      else this.#take(character, this.at + 1, false);
    }
    return open("a quote is not closed");
  }

  /** Reads `$'...'`, in which `\n`, `\xHH`, `\OOO` and others stand for bytes. */
  #ansi(): Fault | null {
    for (this.at += 2; this.at < this.#line.length;) {
      const character = this.#line.charAt(this.at);
      if (character === "'") return this.#close();
      if (character !== "\\") {
        this.#take(character, this.at + 1, false);
        continue;
      }
      const [escape = "\\", hex, octal, letter] =
        /^\\(?:x([\da-f]{1,2})|([0-7]{1,3})|(.))/is.exec(this.#line.slice(this.at, this.at + 4)) ?? [];
      const code = hex !== undefined ? parseInt(hex, 16) : octal !== undefined ? parseInt(octal, 8) : null;
      const byte = code === null ? letters[letter ?? ""] : String.fromCharCode(code & 0xff);
      // An unknown escape stays as it is.
      this.#take(byte ?? "\\", this.at + (byte === undefined ? 1 : escape.length), false);
    }
    return open("a quote is not closed");
  }

  #close(): null {
    this.at++;
    // A part that begins right after a closed quote begins outside of it.
    if (this.last.start === this.at - 1) this.last = { ...this.last, start: this.at, isBare: true };
    return null;
  }
}

function open(reason: string): Fault {
  return { isOpen: true, reason };
}

/** Returns a byte string as a word that a user may type. Only printable ASCII remains. */
export function quoteWord(text: string): string {
  if (/^[\w@%+=:,./^~-]+$/.test(text)) return text;
  if (/^[ -&(-~]*$/.test(text)) return `'${text}'`;
  return `${openQuote(text)}'`;
}

/** Returns a byte string as the beginning of a word, to which more may be typed. */
export function quoteStart(text: string): string {
  return /^[\w@%+=:,./^~-]*$/.test(text) ? text : openQuote(text);
}

/** Opens a quote. A number in hexadecimal has two digits, so that a digit after it does not belong to it. */
function openQuote(text: string): string {
  return `$'${
    text.replace(/[^ -&(-[\]-~]/g, (character) => {
      if (character === "\\" || character === "'") return `\\${character}`;
      return quotedLetters[character] ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
    })
  }`;
}
