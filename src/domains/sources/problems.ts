// What a source could not use: one bad entry never fails a list, and is reported.

import type { SourceReading } from "../sources.ts";

/**
 * An entry that a source could not use.
 *
 * @example
 * ```ts
 * import { type SourceProblem, xlConfigs } from "tsxs/domains";
 *
 * const report = ({ entry, reason }: SourceProblem) => console.log(`${entry}: ${reason}`);
 * console.log(xlConfigs({ onProblem: report }).name); // xlConfigs
 * ```
 */
export interface SourceProblem {
  /** The name of the source: `"xlConfigs"`. */
  readonly source: string;
  /** The path of the file, or the line of the program. It may have any characters: escape it before you print it. */
  readonly entry: string;
  /** The state that makes the entry useless: `"it is not a regular file"`. */
  readonly reason: string;
}

/** The option that every source has. */
export interface ProblemOptions {
  /**
   * Called during a reading with each entry that the source cannot use.
   *
   * @default The problems are in the reading only.
   */
  readonly onProblem?: (problem: SourceProblem) => void;
}

/** A reading with the entries that the source could not use. */
export interface CheckedReading extends SourceReading {
  /** The entries that the source could not use. At most 100: all of them reach `onProblem`. */
  readonly problems: readonly SourceProblem[];
}

const PROBLEMS_MAX = 100;

/** Gathers the problems of one reading. */
export class Problems {
  readonly list: SourceProblem[] = [];
  readonly #source: string;
  readonly #onProblem: ((problem: SourceProblem) => void) | undefined;

  constructor(source: string, { onProblem }: ProblemOptions) {
    this.#source = source;
    this.#onProblem = onProblem;
  }

  /** Adds a problem. */
  add(entry: string, reason: string): void {
    const problem = { source: this.#source, entry, reason };
    if (this.list.length < PROBLEMS_MAX) this.list.push(problem);
    this.#onProblem?.(problem);
  }
}

/** Text that a source cannot use. Its message is the reason of a problem. */
export class UnusableError extends Error {
  override name = "UnusableError";
}
