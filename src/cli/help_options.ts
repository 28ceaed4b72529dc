// The options of a subcommand as data, from the rows of its help.

import type { Row } from "./help_entry.ts";

/** An option as the help describes it. */
export interface HelpOption {
  /** The action of the subcommand that has the option, or `null` if each has it. */
  readonly action: string | null;
  /** The letter, or `null` if the option has only a long form. */
  readonly letter: string | null;
  /** The long form without its hyphens, or `null` if the option has only a letter. */
  readonly long: string | null;
  /** The word in capitals for its argument, or a choice such as `text|json`; `null` if the option has no argument. */
  readonly word: string | null;
  readonly description: string;
}

/** An action, the names of options, and the word for their argument. */
const ROW = /^(?:([a-z][\w-]*) )?(-\S+(?:, -\S+)*)(?: ([A-Z]+|[a-z]+(?:\|[a-z]+)+))?$/;

/**
 * Returns the options of rows such as `["-n, --number COUNT", "end after so many events"]`.
 *
 * A row may describe several options, as `--on, --off` or `--[no-]color`, and the options of one action of the
 * subcommand, as `save -w, --walk`.
 */
export function optionsOf(rows: readonly Row[]): readonly HelpOption[] {
  return rows.flatMap(([left, description]): HelpOption[] => {
    const [, action = null, names = "", word = null] = ROW.exec(left) ?? [];
    const letters = [...names.matchAll(/(?:^| )-(\w)(?=,|$)/g)].map(([, letter = ""]) => letter);
    const longs = [...names.matchAll(/--(\[no-\])?([\w-]+)/g)].flatMap(([, negated, long = ""]) =>
      negated === undefined ? [long] : [long, `no-${long}`]
    );
    if (letters.length > 1 || letters.length + longs.length === 0) {
      throw new Error(`the help of ${left} is invalid: expected "-l, --long WORD"`);
    }
    const [letter = null] = letters;
    if (longs.length === 0) return [{ action, letter, long: null, word, description }];
    return longs.map((long, i) => ({ action, letter: i === 0 ? letter : null, long, word, description }));
  });
}
