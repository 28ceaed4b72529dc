// The options of the subcommands that Xen does not have.

import type { Context } from "./context.ts";
import { escapeText } from "./escape.ts";
import { type OptionRule, parseOptions } from "./getopt.ts";
import { complaintOf } from "./hint.ts";
import { Failure, HelpRequest } from "./invocation.ts";
import type { Arguments } from "./usage.ts";

/** What a subcommand accepts. */
export interface Syntax {
  readonly options: readonly OptionRule[];
  /** The arguments in the usage. */
  readonly usage: string;
  /** The smallest and the largest number of operands. */
  readonly operands: readonly [min: number, max: number];
  /** The exit status for invalid arguments. */
  readonly status: number;
  /** Whether the first operand ends the options, because the operands are a program and its own arguments. */
  readonly runsProgram?: boolean;
}

const help: OptionRule = { letter: "h", long: "help" };
/** The option for output in JSON. */
export const json: OptionRule = { letter: "j", long: "json" };

/** The arguments of a subcommand that Xen does not have. */
export interface OwnArguments extends Arguments {
  /** The options that were given, by letter, each with all of its arguments in their order. */
  readonly lists: ReadonlyMap<string, readonly string[]>;
}

/**
 * Parses the arguments of a subcommand.
 *
 * Throws a {@linkcode Failure} with the usage if an argument is invalid. Throws a {@linkcode HelpRequest} if help was
 * asked for.
 */
export function ownArgumentsOf(context: Context, syntax: Syntax): OwnArguments {
  const posixlyCorrect = context.invocation.variable("POSIXLY_CORRECT") !== undefined;
  const isEndedByOperand = posixlyCorrect || syntax.runsProgram === true;
  const { options, operands } = parseOptions(context.args, [help, ...syntax.options], isEndedByOperand);
  const failure = new Failure(`Usage: ${context.usageName} ${syntax.usage}`, syntax.status);
  const given = new Map<string, string>();
  const lists = new Map<string, string[]>();
  for (const option of options) {
    if (option.type === "invalid") {
      context.complain(complaintOf(option, [help, ...syntax.options]));
      throw failure;
    }
    if (option.letter === help.letter) throw new HelpRequest();
    given.set(option.letter, option.argument);
    lists.set(option.letter, [...lists.get(option.letter) ?? [], option.argument]);
  }
  const [min, max] = syntax.operands;
  if (operands.length < min || operands.length > max) throw failure;
  return { options: given, lists, operands };
}

/** Returns a path without slashes at its end. Throws a {@linkcode Failure} if the path is relative. */
export function absolutePath(path: string, status = 1): string {
  if (!path.startsWith("/")) throw new Failure(`the path '${escapeText(path)}' does not begin with a slash`, status);
  return path.replace(/\/+$/, "") || "/";
}
