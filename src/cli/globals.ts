// The options of the command itself, which come before the subcommand.

import { parseAddress } from "../transport/address.ts";
import { type OptionRule, parseOptions } from "./getopt.ts";
import { complaintOf } from "./hint.ts";
import { Failure } from "./invocation.ts";
import { millisecondsOf } from "./numbers.ts";

/** When the output has colours: on a terminal, always, or never. */
export type Color = "auto" | "always" | "never";

/** The options of the command itself. */
export interface Globals {
  /** The address of the store. Without it, the command looks for a store. */
  readonly address: string | undefined;
  /** The longest time to connect and to wait for a reply, in milliseconds; `null` for no limit. */
  readonly timeout: number | null;
  /** Whether messages of the library are printed to standard error. */
  readonly verbose: boolean;
  /** Whether requests, replies and events are printed to standard error. */
  readonly trace: boolean;
  readonly color: Color;
  /** Whether long work shows a progress bar; `null` if that depends on standard error being a terminal. */
  readonly progressBars: boolean | null;
}

const rules: readonly OptionRule[] = [
  { letter: "a", long: "address", hasArgument: true },
  { letter: "t", long: "timeout", hasArgument: true },
  { letter: "v", long: "verbose" },
  { letter: "x", long: "trace" },
  { letter: "color", long: "color", hasArgument: true },
  { letter: "progress-bars", long: "progress-bars" },
  { letter: "no-progress-bars", long: "no-progress-bars" },
  { letter: "h", long: "help" },
  { letter: "V", long: "version" },
];

/**
 * Parses the options before the subcommand. Returns them, and the subcommand with its arguments, which is `help` or
 * `version` if an option asks for it.
 *
 * Throws a {@linkcode Failure} if an option is invalid.
 */
export function parseGlobals(
  args: readonly string[],
): { readonly globals: Globals; readonly words: readonly string[] } {
  const { options, operands } = parseOptions(args, rules, true);
  const given = new Map<string, string>();
  let progressBars: boolean | null = null;
  for (const option of options) {
    if (option.type === "option") given.set(option.letter, option.argument);
    else throw new Failure(`${complaintOf(option, rules)}\nSee: tsxs --help`);
    // The last of the two counts.
    if (option.letter.endsWith("progress-bars")) progressBars = option.letter === "progress-bars";
  }
  const timeout = given.get("t");
  const globals: Globals = {
    address: checkedAddress(given.get("a")),
    timeout: timeout === undefined ? null : millisecondsOf(timeout, "--timeout"),
    verbose: given.has("v"),
    trace: given.has("x"),
    color: colorOf(given.get("color") ?? "auto"),
    progressBars,
  };
  const asked = given.has("h") ? ["help"] : given.has("V") ? ["version"] : [];
  return { globals, words: [...asked, ...operands] };
}

function checkedAddress(address: string | undefined): string | undefined {
  try {
    if (address !== undefined) parseAddress(address);
    return address;
  } catch (error) {
    throw new Failure(error instanceof Error ? error.message : String(error));
  }
}

function colorOf(text: string): Color {
  if (text === "auto" || text === "always" || text === "never") return text;
  throw new Failure(`invalid --color '${text}': expected auto, always or never`);
}
