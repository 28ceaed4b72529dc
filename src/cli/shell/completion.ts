// Completes what is typed: names of commands, options, paths of the store, classes of events.

import { type LastPart, quoteStart, quoteWord, type Word, wordsOf } from "./words.ts";

/** What to do after a Tab. */
export interface Completion {
  /** The end of the line that is replaced. A byte string, as the line is. */
  readonly erased: string;
  /** What takes its place, in ASCII. */
  readonly inserted: string;
  /** What could follow, if nothing is inserted. Each is printable ASCII. */
  readonly choices: readonly string[];
}

/** What an operand is. */
export type Operand = "path" | "watchable" | "command" | "class" | "handler";

/** The names that may be completed. */
export interface Sources {
  /** The names of the commands. */
  readonly commands: readonly string[];
  /** The options of a command. */
  options(command: string): readonly Option[];
  /** Says what the operand of a command is, or `null` if there is nothing to complete. */
  operand(command: string, index: number): Operand | null;
  /** Lists the children of a node. Rejects if that is not possible. */
  children(path: string): Promise<readonly string[]>;
  /** The names of the classes of events. */
  readonly classes: readonly string[];
  /** The names of the handlers of events. */
  handlers(): readonly string[];
}

/** An option of a command. */
export interface Option {
  /** With its hyphens. */
  readonly name: string;
  readonly hasArgument: boolean;
}

/** The paths that stand for what happens to domains. */
const SPECIAL = ["@introduceDomain", "@releaseDomain"];
const nothing: Completion = { erased: "", inserted: "", choices: [] };

/** Completes the last word of a line. */
export async function complete(line: string, sources: Sources): Promise<Completion> {
  const { type, words } = wordsOf(line);
  if (type === "invalid" || /\\$/.test(line)) return nothing;
  const last = words.at(-1);
  if (type === "complete" && last?.end !== line.length && isInComment(line, last)) return nothing;
  const isNew = last === undefined || (type === "complete" && last.end !== line.length);
  const word = isNew ? emptyWord(line.length) : last;
  const [first, ...before] = isNew ? words : words.slice(0, -1);
  if (first === undefined) return await commandNames(line, word, sources);
  const command = first.text.replace(/^-/, "");
  const options = sources.options(command);
  const isOver = before.some(({ text }) => text === "--");
  const previous = options.find(({ name }) => name === before.at(-1)?.text);
  if (previous?.hasArgument === true && !isOver) return nothing;
  if (word.text.startsWith("-") && !isOver) return await chosen(line, word, options.map(({ name }) => name));
  const kind = sources.operand(command, operandsIn(before, options));
  switch (kind) {
    case null:
      return nothing;
    case "command":
      return await chosen(line, word, sources.commands);
    case "handler":
      return await chosen(line, word, sources.handlers());
    case "class": {
      const list = word.text.slice(0, word.text.lastIndexOf(",") + 1);
      return await chosen(line, word, sources.classes.map((name) => `${list}${name}`));
    }
    case "watchable":
      if (word.text.startsWith("@")) return await chosen(line, word, SPECIAL);
      return await path(line, word, sources);
    case "path":
      return await path(line, word, sources);
  }
}

function emptyWord(at: number): Word {
  return { text: "", start: at, end: at, last: { at: 0, start: at, isBare: true } };
}

function isInComment(line: string, last: Word | undefined): boolean {
  return /^\s*#/.test(line.slice(last?.end ?? 0));
}

/** The number of operands in the words after a command. */
function operandsIn(words: readonly Word[], options: readonly Option[]): number {
  let count = 0;
  for (let at = 0; at < words.length; at++) {
    const text = words[at]?.text ?? "";
    if (text === "--") return count + words.length - at - 1;
    if (!text.startsWith("-") || text === "-") count++;
    else if (options.find(({ name }) => name === text)?.hasArgument === true) at++;
  }
  return count;
}

/** Completes the name of a command, which may have a hyphen before it. */
function commandNames(line: string, word: Word, { commands }: Sources): Promise<Completion> {
  const hyphen = word.text.startsWith("-") ? "-" : "";
  return chosen(line, word, commands.map((name) => `${hyphen}${name}`));
}

/** Completes a whole word by one of several names. */
function chosen(line: string, word: Word, names: readonly string[]): Promise<Completion> {
  return choose(line, "", word.text, { at: 0, start: word.start, isBare: true }, names, () => Promise.resolve(" "));
}

async function path(line: string, word: Word, sources: Sources): Promise<Completion> {
  if (word.text === "") return { erased: "", inserted: "/", choices: [] };
  const parent = word.text.slice(0, word.last.at);
  const names = await sources.children(parent === "/" ? "/" : parent.slice(0, -1)).catch(() => []);
  const part: LastPart = word.last.isBare ? word.last : { at: 0, start: word.start, isBare: true };
  const known = word.last.isBare ? "" : parent;
  // A slash follows if the node has children.
  return await choose(line, known, word.text.slice(word.last.at), part, names, async (name) => {
    const children = await sources.children(`${parent}${name}`).catch(() => []);
    return children.length > 0 ? "/" : " ";
  });
}

/** Completes the end of a line that begins at `part`: `known` and one of several names, and after that `end`. */
async function choose(
  line: string,
  known: string,
  typed: string,
  part: LastPart,
  names: readonly string[],
  end: (name: string) => Promise<string>,
): Promise<Completion> {
  const matching = [...new Set(names)].filter((name) => name.startsWith(typed)).sort();
  const [first] = matching;
  if (first === undefined) return nothing;
  const erased = line.slice(part.start);
  if (matching.length === 1) {
    return { erased, inserted: `${quoteWord(known + first)}${await end(first)}`, choices: [] };
  }
  const common = commonStart(first, matching.at(-1) ?? first);
  if (common.length > typed.length) return { erased, inserted: quoteStart(known + common), choices: [] };
  return { ...nothing, choices: matching.map(quoteWord) };
}

/** What two texts have in common at their beginnings. */
export function commonStart(a: string, b: string): string {
  let length = 0;
  while (length < a.length && a.charAt(length) === b.charAt(length)) length++;
  return a.slice(0, length);
}
