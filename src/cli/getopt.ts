// Parses options by the rules of glibc's getopt_long().

/** An option of a command. */
export interface OptionRule {
  /** The letter of the short form. An option that has only the long form is known by more than one letter. */
  readonly letter: string;
  /** The long form, without its two hyphens. Without it, the option has only the short form. */
  readonly long?: string;
  /** Whether the option needs an argument. */
  readonly hasArgument?: boolean;
  /** Whether a shortened name means other options first. It keeps the meaning of short names if options are added. */
  readonly yields?: boolean;
}

/** What the arguments of a command contain, in their order. */
export type Parsed =
  | { readonly type: "option"; readonly letter: string; readonly argument: string }
  | Invalid;

/** An option that the command cannot take. */
export interface Invalid {
  readonly type: "invalid";
  readonly complaint: string;
  /** The name of a long option that does not exist; otherwise `null`. */
  readonly unknown: string | null;
}

/** The options in the order of the arguments, and the other arguments. */
export interface Options {
  readonly options: readonly Parsed[];
  readonly operands: readonly string[];
}

/** What one argument, or the letters in it, became. `taken` counts the arguments after it that belong to it. */
interface Step {
  readonly parsed: readonly Parsed[];
  readonly taken: 0 | 1;
}

/**
 * Parses the arguments of a command.
 *
 * Options may follow operands. `--` ends the options. If `posixlyCorrect` is true, the first operand ends them as well.
 */
export function parseOptions(
  args: readonly string[],
  rules: readonly OptionRule[],
  posixlyCorrect: boolean,
): Options {
  const options: Parsed[] = [];
  const operands: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? "";
    if (arg === "--") return { options, operands: [...operands, ...args.slice(at + 1)] };
    if (!arg.startsWith("-") || arg === "-") {
      if (posixlyCorrect) return { options, operands: args.slice(at) };
      operands.push(arg);
      continue;
    }
    const { parsed, taken } = arg.startsWith("--")
      ? parseLong(arg.slice(2), args[at + 1], rules)
      : parseCluster(arg.slice(1), args[at + 1], rules);
    options.push(...parsed);
    at += taken;
  }
  return { options, operands };
}

/** Parses letters that share one hyphen. The last one may have its argument after it, or in the next argument. */
function parseCluster(letters: string, next: string | undefined, rules: readonly OptionRule[]): Step {
  const parsed: Parsed[] = [];
  for (let at = 0; at < letters.length; at++) {
    const letter = letters.charAt(at);
    const rule = rules.find((rule) => rule.letter === letter);
    if (rule === undefined) {
      parsed.push(invalid(`invalid option -- '${letter}'`));
      continue;
    }
    if (rule.hasArgument !== true) {
      parsed.push({ type: "option", letter, argument: "" });
      continue;
    }
    const rest = letters.slice(at + 1);
    if (rest !== "") return { parsed: [...parsed, { type: "option", letter, argument: rest }], taken: 0 };
    if (next !== undefined) return { parsed: [...parsed, { type: "option", letter, argument: next }], taken: 1 };
    parsed.push(invalid(`option requires an argument -- '${letter}'`));
  }
  return { parsed, taken: 0 };
}

/** Parses a long option, which may be shortened as long as it stays unambiguous. `text` has no hyphens before it. */
function parseLong(text: string, next: string | undefined, rules: readonly OptionRule[]): Step {
  const equals = text.indexOf("=");
  const name = equals < 0 ? text : text.slice(0, equals);
  const matching = rules.filter(({ long }) => long !== undefined && long.startsWith(name));
  const first = matching.filter(({ yields }) => yields !== true);
  const candidates = first.length > 0 ? first : matching;
  const rule = matching.find(({ long }) => long === name) ?? candidates[0];
  if (rule === undefined) return { parsed: [invalid(`unrecognized option '--${text}'`, name)], taken: 0 };
  if (rule.long !== name && candidates.length > 1) {
    const possibilities = candidates.map(({ long }) => ` '--${long}'`).join("");
    return wrong(`option '--${text}' is ambiguous; possibilities:${possibilities}`);
  }
  const { letter, long, hasArgument } = rule;
  if (hasArgument !== true) {
    if (equals >= 0) return wrong(`option '--${long}' doesn't allow an argument`);
    return { parsed: [{ type: "option", letter, argument: "" }], taken: 0 };
  }
  if (equals >= 0) return { parsed: [{ type: "option", letter, argument: text.slice(equals + 1) }], taken: 0 };
  if (next === undefined) return wrong(`option '--${long}' requires an argument`);
  return { parsed: [{ type: "option", letter, argument: next }], taken: 1 };
}

function wrong(complaint: string): Step {
  return { parsed: [invalid(complaint)], taken: 0 };
}

function invalid(complaint: string, unknown: string | null = null): Parsed {
  return { type: "invalid", complaint, unknown };
}
