// The options of the subcommands, and the texts about their usage.

import type { Context } from "./context.ts";
import { complaintOf } from "./hint.ts";
import { Failure, HelpRequest } from "./invocation.ts";
import { type OptionRule, parseOptions } from "./getopt.ts";

/** The subcommands that take options of the xenstore-* tools: these tools, and what reads alike. */
export type Mode = "read" | "write" | "rm" | "exists" | "list" | "ls" | "chmod" | "watch" | "tree";

/** The options of `watch` that Xen's tool does not have. */
const watchExtras: readonly OptionRule[] = [
  { letter: "timestamps", long: "timestamps", yields: true },
  { letter: "value", long: "value", yields: true },
  { letter: "previous", long: "previous", yields: true },
  { letter: "no-initial", long: "no-initial", yields: true },
  { letter: "json", long: "json", yields: true },
  { letter: "exec", long: "exec", hasArgument: true, yields: true },
];

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

/** The options that any subcommand recognises: `-h` prints the usage as the tools do, and `--help` the help. */
const ownRules: readonly OptionRule[] = [{ letter: "h" }, { letter: "help", long: "help" }, ...rules.slice(1)];

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
 * status 0 if `-h` was given. Throws a {@linkcode HelpRequest} if the subcommand got `--help`.
 */
export function argumentsOf(context: Context, mode: Mode): Arguments {
  const { letters } = modes[mode];
  const extras = mode === "watch" && !context.isTool ? watchExtras : [];
  const known = [...context.isTool ? rules : ownRules, ...extras];
  const posixlyCorrect = context.invocation.variable("POSIXLY_CORRECT") !== undefined;
  const { options, operands } = parseOptions(context.args, known, posixlyCorrect);
  const given = new Map<string, string>();
  for (const option of options) {
    if (option.type === "invalid") {
      context.complain(context.isTool ? option.complaint : complaintOf(option, optionsOf(mode)));
      throw usageFailure(context, mode);
    } else if (option.letter === "help") throw new HelpRequest();
    else if (option.letter === "h") throw usageFailure(context, mode, 0);
    else if (letters.includes(option.letter) || isIn(extras, option.letter)) given.set(option.letter, option.argument);
    else if (option.letter !== "s") throw usageFailure(context, mode);
  }
  if (operands.length === 0 && mode !== "ls" && mode !== "tree") throw usageFailure(context, mode);
  return { options: given, operands };
}

/** Returns the options of a subcommand of the command, which `xenstore-watch` does not have all. */
export function optionsOf(mode: Mode): readonly OptionRule[] {
  const { letters } = modes[mode];
  const own = rules.filter(({ letter }) => letter === "h" || letters.includes(letter));
  return mode === "watch" ? [...own, ...watchExtras] : own;
}

function isIn(options: readonly OptionRule[], name: string): boolean {
  return options.some(({ letter }) => letter === name);
}

/** Makes the failure that shows the usage of a subcommand. */
export function usageFailure(context: Context, mode: Mode, status = 1): Failure {
  return new Failure(`Usage: ${context.usageName} ${modes[mode].usage}`, status);
}
