// The shape of the help of a subcommand, from which the help, the manual pages and the completion are made.

/** An option, an example, a status or a variable, and what it does or means. */
export type Row = readonly [left: string, right: string];

/**
 * The help of a subcommand.
 *
 * The words in capitals in the usage and in the options, such as `PATH`, say what stands there. The completion knows
 * them by the table in completion/words.ts.
 */
export interface Help {
  /** What the subcommand does, in a line that begins with a verb. */
  readonly summary: string;
  /** The arguments. */
  readonly usage: string;
  /** Lines about its result. */
  readonly notes?: readonly string[];
  /** Paragraphs that only the manual page has. */
  readonly description?: readonly string[];
  readonly options: readonly Row[];
  /** The exit statuses. Without them, the status is 0 after success and 1 after a failure. */
  readonly statuses?: readonly Row[];
  /** The variables of the environment that only this subcommand knows. */
  readonly environment?: readonly Row[];
  readonly examples: readonly Row[];
}

/** The exit statuses of a subcommand that has no others. */
export const usualStatuses: readonly Row[] = [
  ["0", "the subcommand succeeded"],
  ["1", "it failed, or an argument is invalid"],
];
