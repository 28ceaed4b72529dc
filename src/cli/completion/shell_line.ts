// Splits a command line of bash into words. Nothing is expanded and nothing is run.

/** The quotes that are open at the cursor: none, or one of these. */
export type Quote = "" | "'" | '"';

/** A word of a line. */
export interface Word {
  /** The word without quotes, or `null` if only the shell can tell it, as for `$HOME`. */
  readonly text: string | null;
  /** The quotes that are open at its end. */
  readonly quote: Quote;
  /** Whether a redirection such as `>` is before it. */
  readonly isRedirected: boolean;
}

/** The operators that end a command. */
const SEPARATORS = ";|&()\n";
/** The characters that a backslash escapes between double quotes. */
const ESCAPED = '$`"\\';
/** A text that is the output of a command, or an expansion that may contain one. */
const COMMAND = /^(?:`|\$[({])/;

/**
 * Returns the words of the last command in a line. The last word is the one at the cursor, which may be empty.
 *
 * The number of a descriptor, as in `2> file`, is no word.
 */
export function wordsOf(line: string): readonly Word[] {
  let words: Word[] = [];
  let isRedirected = false;
  for (let at = 0;;) {
    while (" \t".includes(line.charAt(at)) && at < line.length) at++;
    const operator = /^(?:\d*[<>&]*[<>][<>|&]*|&>+)/.exec(line.slice(at))?.[0];
    if (operator !== undefined) {
      isRedirected = true;
      at += operator.length;
      continue;
    }
    if (at < line.length && SEPARATORS.includes(line.charAt(at))) {
      [words, isRedirected] = [[], false];
      at++;
      continue;
    }
    const { word, end } = scan(line, at);
    words.push({ ...word, isRedirected });
    if (end >= line.length) return words;
    isRedirected = false;
    at = end;
  }
}

/** Reads a word up to an unquoted blank or operator. */
function scan(line: string, from: number): { readonly word: Omit<Word, "isRedirected">; readonly end: number } {
  let [text, quote, isKnown]: [string, Quote, boolean] = ["", "", true];
  let at = from;
  for (; at < line.length; at++) {
    const character = line.charAt(at);
    if (quote === "" && ` \t<>${SEPARATORS}`.includes(character)) break;
    if (character === quote) quote = "";
    else if (quote === "" && (character === "'" || character === '"')) quote = character;
    else if (quote !== "'" && character === "\\") {
      const next = line.charAt(++at);
      // A backslash at the cursor escapes a character that is not there yet.
      if (next === "") isKnown = false;
      text += quote === '"' && !ESCAPED.includes(next) ? `\\${next}` : next;
    } else if (quote !== "'" && COMMAND.test(line.slice(at))) {
      // Only the shell can tell the end of a command within the line.
      [isKnown, at] = [false, line.length];
    } else {
      if (quote !== "'" && character === "$") isKnown = false;
      text += character;
    }
  }
  return { word: { text: isKnown ? text : null, quote }, end: at };
}

/**
 * Quotes text that is inserted into a line of bash after these open quotes. Returns `null` if that is impossible: an
 * exclamation mark between double quotes stands for a line of the history.
 */
export function quoted(text: string, quote: Quote): string | null {
  if (quote === "'") return text.replaceAll("'", "'\\''");
  if (quote === '"') return text.includes("!") ? null : text.replace(/[$`"\\]/g, "\\$&");
  return text.replace(/[^\w@%+=:,./-]/g, "\\$&");
}
