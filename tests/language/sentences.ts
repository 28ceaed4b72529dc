// Takes the English out of a file: comments, strings and Markdown, each piece with the line that it begins on.

/** A piece of text that a person reads. */
export interface Piece {
  /** The line that the piece begins on, from 1. */
  readonly line: number;
  /** The text in one line, without comment marks. */
  readonly text: string;
}

// Alternatives in order: a block comment, a run of line comments, a string in double quotes, a template, a regular expression.
const TOKENS =
  /\/\*[\s\S]*?\*\/|\/\/[^\n]*(?:\n[ \t]*\/\/[^\n]*)*|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`|(?<=[=(,:!&|?]\s*)\/(?![/*\s])(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/g;

/** The comments and the strings of a TypeScript file. Code within the examples of a comment is left out. */
export function ofTypeScript(source: string): Piece[] {
  const pieces: Piece[] = [];
  for (const { 0: token, index } of source.matchAll(TOKENS)) {
    const isComment = token.startsWith("/*") || token.startsWith("//");
    if (!isComment && !/^["`]/.test(token)) continue;
    const line = lineOf(source, index);
    if (!isComment) {
      // A string without a blank is a name or a path.
      if (/[A-Za-z] [A-Za-z]/.test(token)) pieces.push({ line, text: oneLine(token.slice(1, -1)) });
      continue;
    }
    const bare = token.replace(/^\/\*+|\*+\/$/g, "").replace(/^[ \t]*(?:\*|\/\/+) ?/gm, "");
    for (const piece of ofMarkdown(bare)) pieces.push({ line: line + piece.line - 1, text: piece.text });
  }
  return pieces;
}

/** The paragraphs, list items and table rows of a Markdown text. Fenced code is left out. */
export function ofMarkdown(source: string): Piece[] {
  const pieces: Piece[] = [];
  const blank = (block: string): string => block.replace(/[^\n]/g, "");
  const text = source.replace(/^[ \t]*```[\s\S]*?^[ \t]*```[ \t]*$/gm, blank);
  let start = 0;
  let lines: string[] = [];
  const flush = (): void => {
    const joined = oneLine(lines.join(" "));
    if (joined !== "") pieces.push({ line: start, text: joined });
    lines = [];
  };
  for (const [i, line] of text.split("\n").entries()) {
    const begins = /^\s*(?:[-*|#>]|\d+\.|@\w)/.test(line);
    if (line.trim() === "" || begins) flush();
    if (line.trim() === "") continue;
    if (lines.length === 0) start = i + 1;
    lines.push(line);
  }
  flush();
  return pieces;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

function lineOf(source: string, index: number): number {
  let line = 1;
  for (let at = source.indexOf("\n"); at !== -1 && at < index; at = source.indexOf("\n", at + 1)) line++;
  return line;
}
