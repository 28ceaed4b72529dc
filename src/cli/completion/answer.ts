// What can stand at the cursor of a command line, in the form that the scripts of the shells read.

import type { Context } from "../context.ts";
import { parseAddress } from "../../transport/address.ts";
import type { HelpOption } from "../help_options.ts";
import { helps } from "../help_texts.ts";
import { millisecondsOf } from "../numbers.ts";
import { Session } from "../session.ts";
import { type Expected, expectedAt } from "./expected.ts";
import { pathsFrom } from "./nodes.ts";
import { quoted, wordsOf } from "./shell_line.ts";
import { meaningOf, schemes, type shells } from "./words.ts";

/** What a script does with an answer, as numbers that are added. They are those of `@bomb.sh/tab`. */
export const NO_SPACE = 2;
/** The script completes no names of files. Without it, the script does so if the answer is empty. */
export const NO_FILES = 4;
/** The variable with the seconds that the user waits for a store, and their number without it. */
const [LIMIT, USUAL_LIMIT] = ["TSXS_COMPLETION_TIMEOUT", "1"];

/** What may stand at the cursor: arguments, each with a description. */
interface Answer {
  readonly found: readonly (readonly [text: string, description: string])[];
  readonly directive: number;
}

const nothing: Answer = { found: [], directive: NO_FILES };
const files: Answer = { found: [], directive: 0 };

/**
 * Returns the answer to a script: a line for each argument, with its description after a tab, and a line with the
 * directive.
 *
 * `typed` are the arguments before the cursor and the one at the cursor, without quotes. For bash, they are the line up
 * to the cursor, and the part of it that the shell replaces.
 */
export async function answerTo(
  context: Context,
  shell: typeof shells[number],
  typed: readonly string[],
): Promise<string> {
  if (shell !== "bash") {
    const { found, directive } = await answer(context, typed.slice(0, -1), typed.at(-1) ?? "");
    return printed(found, directive);
  }
  const [line = "", replaced = ""] = typed;
  const words = wordsOf(line).filter(({ isRedirected }, i, { length }) => !isRedirected || i === length - 1);
  const current = words.at(-1);
  if (current?.isRedirected === true) return printed([], files.directive);
  if (current === undefined || current.text === null) return printed([], nothing.directive);
  const first = words.findIndex(({ text }) => text === null || !/^\w+=/.test(text));
  const { text, quote } = current;
  const { found, directive } = await answer(context, words.slice(first + 1, -1).map(({ text }) => text ?? ""), text);
  const inserted = found.flatMap(([argument, description]) => {
    const rest = quoted(argument.slice(text.length), quote);
    return rest === null ? [] : [[replaced + rest, description] as const];
  });
  return printed(inserted, directive);
}

function printed(found: Answer["found"], directive: number): string {
  const lines = found.map(([text, description]) => `${text}${description === "" ? "" : `\t${description}`}\n`);
  return `${lines.join("")}:${directive}\n`;
}

/** Returns what may stand at the cursor and begins with `current`. */
async function answer(context: Context, words: readonly string[], current: string): Promise<Answer> {
  const isPosix = context.invocation.variable("POSIXLY_CORRECT") !== undefined;
  const { expected, address } = expectedAt(words, current, isPosix);
  const { found, directive } = expected === null ? nothing : await answerFor(context, expected, current, address);
  return { found: found.filter(([text]) => text.startsWith(current)), directive };
}

async function answerFor(
  context: Context,
  expected: Expected,
  current: string,
  address: string | undefined,
): Promise<Answer> {
  if (expected.type === "subcommand") return subcommands();
  if (expected.type === "option") return { found: expected.options.flatMap(namesOf), directive: NO_FILES };
  const { word, lead } = expected;
  const begun = current.slice(lead.length);
  const meaning = meaningOf(word);
  switch (meaning?.type) {
    case "subcommand":
      return subcommands();
    case "file":
      return files;
    case "choice":
      return { found: meaning.choices.map((choice) => [lead + choice, ""]), directive: NO_FILES };
    case "address":
      if (begun.includes(":")) return begun.startsWith("embedded:") ? nothing : files;
      return { found: schemes.map((scheme) => [lead + scheme, ""]), directive: NO_FILES + NO_SPACE };
    case "node": {
      const paths = await pathsWithin(context, address, begun);
      const isOpen = paths.some((path) => path.endsWith("/"));
      return { found: paths.map((path) => [lead + path, ""]), directive: NO_FILES + (isOpen ? NO_SPACE : 0) };
    }
    default:
      return nothing;
  }
}

function subcommands(): Answer {
  return { found: [...helps].map(([name, { summary }]) => [name, summary]), directive: NO_FILES };
}

function namesOf({ letter, long, description }: HelpOption): [string, string][] {
  const names = [...letter === null ? [] : [`-${letter}`], ...long === null ? [] : [`--${long}`]];
  return names.map((name) => [name, description]);
}

/** Returns the paths that the store has within the time limit, and none if there is no store. */
async function pathsWithin(context: Context, address: string | undefined, typed: string): Promise<readonly string[]> {
  const limit = millisecondsOf(context.invocation.variable(LIMIT) || USUAL_LIMIT, LIMIT);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const expired = new Promise<readonly string[]>((resolve) => timer = setTimeout(() => resolve([]), limit));
  try {
    return await Promise.race([pathsOf(context, address, typed), expired]);
  } catch {
    return [];
  } finally {
    clearTimeout(timer);
  }
}

async function pathsOf(context: Context, address: string | undefined, typed: string): Promise<readonly string[]> {
  if (address !== undefined) parseAddress(address);
  const globals = { ...context.globals, address: address ?? context.globals.address };
  const session = await Session.open(context.invocation, globals, null);
  try {
    return await pathsFrom(session, typed);
  } finally {
    await session.close();
  }
}
