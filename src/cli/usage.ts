// The options of the subcommands, and the texts about their usage.

import type { Context } from "./context.ts";
import { hint } from "./hint.ts";
import { Failure } from "./invocation.ts";
import { type OptionRule, parseOptions } from "./getopt.ts";

/** The subcommands that take options of the xenstore-* tools: these tools, and what reads alike. */
export type Mode = "read" | "write" | "rm" | "exists" | "list" | "ls" | "chmod" | "watch" | "tree";

/** The options that any tool recognises. A tool refuses those of other tools with its usage. */
const rules: readonly OptionRule[] = [
  { letter: "h", long: "help" },
  { letter: "f", long: "flat" },
  { letter: "p", long: "prefix" },
  { letter: "t", long: "tidy" },
  { letter: "u", long: "upto" },
  { letter: "r", long: "recurse" },
  { letter: "n", long: "number", hasArgument: true },
  { letter: "R", long: "raw" },
  { letter: "d", long: "depth", hasArgument: true },
  // Once the choice of a socket. Scripts still give it, and it has no effect.
  { letter: "s" },
];

/** The letters of the options of each subcommand, and the arguments in its usage. */
const modes: Readonly<Record<Mode, { readonly letters: string; readonly usage: string }>> = {
  read: { letters: "pR", usage: "[-h] [-p] [-R] key [...]" },
  write: { letters: "R", usage: "[-h] [-R] key value [...]" },
  rm: { letters: "t", usage: "[-h] [-t] key [...]" },
  exists: { letters: "", usage: "[-h] key" },
  list: { letters: "p", usage: "[-h] [-p] key [...]" },
  ls: { letters: "fp", usage: "[-h] [-f] [-p] [path]" },
  chmod: { letters: "ur", usage: "[-h] [-u] [-r] key <mode [modes...]>" },
  watch: { letters: "nd", usage: "[-h] [-n NR] key" },
  tree: { letters: "pd", usage: "[-h] [-p] [-d DEPTH] [path ...]" },
};

/** The options and operands of a subcommand. */
export interface Arguments {
  /** The options that were given, by letter, each with its last argument. */
  readonly options: ReadonlyMap<string, string>;
  readonly operands: readonly string[];
}

/**
 * Parses the arguments of a subcommand.
 *
 * Throws a {@linkcode Failure} with the usage and status 1 if an option is invalid or operands are missing, and with
 * status 0 if help was asked for.
 */
export function argumentsOf(context: Context, mode: Mode): Arguments {
  const { letters } = modes[mode];
  const posixlyCorrect = context.invocation.variable("POSIXLY_CORRECT") !== undefined;
  const { options, operands } = parseOptions(context.args, rules, posixlyCorrect);
  const given = new Map<string, string>();
  for (const option of options) {
    if (option.type === "invalid") {
      context.complain(`${option.complaint}${context.isTool ? "" : hintFor(option.unknown, letters)}`);
      throw usageFailure(context, mode);
    } else if (option.letter === "h") throw usageFailure(context, mode, 0);
    else if (letters.includes(option.letter)) given.set(option.letter, option.argument);
    else if (option.letter !== "s") throw usageFailure(context, mode);
  }
  if (operands.length === 0 && mode !== "ls" && mode !== "tree") throw usageFailure(context, mode);
  return { options: given, operands };
}

/** Returns the words for the option of a subcommand that an unknown one may mean. */
function hintFor(unknown: string | null, letters: string): string {
  if (unknown === null) return "";
  const known = rules.filter(({ letter, long }) => long !== undefined && (letter === "h" || letters.includes(letter)));
  return hint(unknown, known.map(({ long = "" }) => long), "--");
}

/** Makes the failure that shows the usage of a subcommand. */
export function usageFailure(context: Context, mode: Mode, status = 1): Failure {
  return new Failure(`Usage: ${context.usageName} ${modes[mode].usage}`, status);
}
