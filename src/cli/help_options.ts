// The options of a subcommand as data, from the rows of its help.

import type { Row } from "./help_entry.ts";

/** An option as the help describes it. */
export interface HelpOption {
  /** The letter, or `null` if the option has only a long form. */
  readonly letter: string | null;
  /** The long form without its hyphens, or `null` if the option has only a letter. */
  readonly long: string | null;
  /** The word in capitals for its argument, or a choice such as `text|json`; `null` if the option has no argument. */
  readonly word: string | null;
  readonly description: string;
}

/** Returns the options of rows such as `["-n, --number COUNT", "end after so many events"]`. */
export function optionsOf(rows: readonly Row[]): readonly HelpOption[] {
  return rows.map(([left, description]) => {
    const match = /^(?:-(\w))?(?:, )?(?:--([\w-]+))?(?: ([A-Z]+|[a-z]+(?:\|[a-z]+)+))?$/.exec(left);
    const [, letter = null, long = null, word = null] = match ?? [];
    if (letter === null && long === null) throw new Error(`the help of ${left} is invalid: expected "-l, --long WORD"`);
    return { letter, long, word, description };
  });
}
