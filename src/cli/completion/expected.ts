// What stands at the cursor: found by the parser of options, from the help of the command.

import { type OptionRule, parseOptions } from "../getopt.ts";
import { globalOptions } from "../help.ts";
import { type HelpOption, optionsOf } from "../help_options.ts";
import { helps } from "../help_texts.ts";
import { operandWord } from "./words.ts";

/** What stands at the cursor. */
export type Expected =
  | { readonly type: "subcommand" }
  | { readonly type: "option"; readonly options: readonly HelpOption[] }
  /** What a word in capitals stands for. `lead` is what was typed before it in the same argument, as `--depth=`. */
  | { readonly type: "word"; readonly word: string; readonly lead: string };

/** What stands at the cursor, and the address that an option before it names. */
export interface Place {
  readonly expected: Expected | null;
  readonly address: string | undefined;
}

/** No argument of a process contains this character. */
const MARK = "\0";
const helpOption: HelpOption = { action: null, letter: "h", long: "help", word: null, description: "print the help" };

/**
 * Returns what stands at the cursor.
 *
 * `words` are the arguments before the cursor, and `current` is the beginning of the one at the cursor. If
 * `posixlyCorrect` is true, the first operand of a subcommand ends its options.
 */
export function expectedAt(words: readonly string[], current: string, posixlyCorrect: boolean): Place {
  const globals = optionsOf(globalOptions);
  const { given, operands, place } = placeOf(globals, words, current, true);
  const address = given.get("a");
  const [name = MARK, ...args] = operands;
  if (name === MARK) return { expected: place ?? { type: "subcommand" }, address };
  const known = helps.get(name);
  if (known === undefined || args.at(-1) !== MARK) return { expected: null, address };
  const options = [...optionsOf(known.options), helpOption];
  const inside = placeOf(options, args.slice(0, -1), current, posixlyCorrect);
  const word = operandWord(known.usage, inside.operands.length - 1);
  return { expected: inside.place ?? (word === null ? null : { type: "word", word, lead: "" }), address };
}

/**
 * Parses arguments and the mark at the cursor. Returns the options, the operands with the mark if it is one, and what
 * stands at the cursor if that is an option or its argument.
 */
function placeOf(options: readonly HelpOption[], words: readonly string[], current: string, isPosix: boolean): {
  readonly given: ReadonlyMap<string, string>;
  readonly operands: readonly string[];
  readonly place: Expected | null;
} {
  const rules = options.map(ruleOf);
  const parsed = parseOptions([...words, MARK], rules, isPosix);
  const given = new Map<string, string>();
  let place: Expected | null = null;
  for (const option of parsed.options) {
    if (option.type === "invalid") continue;
    if (option.argument === MARK) place = argumentOf(options, option.letter, "");
    else given.set(option.letter, option.argument);
  }
  const { operands } = parsed;
  const isOption = current.startsWith("-") && place === null && operands.length > 0 &&
    parseOptions([...words, `-${MARK}`], rules, isPosix).operands.length < operands.length;
  return { given, operands: isOption ? [MARK] : operands, place: isOption ? optionAt(options, rules, current) : place };
}

/** Returns what stands at the cursor in an argument that begins with a hyphen. */
function optionAt(options: readonly HelpOption[], rules: readonly OptionRule[], current: string): Expected | null {
  const equals = current.indexOf("=");
  if (equals < 0) return { type: "option", options };
  const [option] = parseOptions([current], rules, true).options;
  if (option?.type !== "option") return null;
  return argumentOf(options, option.letter, current.slice(0, equals + 1));
}

function argumentOf(options: readonly HelpOption[], letter: string, lead: string): Expected | null {
  const word = options.find((option) => ruleOf(option).letter === letter)?.word ?? null;
  return word === null ? null : { type: "word", word, lead };
}

function ruleOf({ letter, long, word }: HelpOption): OptionRule {
  const hasArgument = word !== null;
  return long === null ? { letter: letter ?? "", hasArgument } : { letter: letter ?? long, long, hasArgument };
}
