// What `npm run bench:held` does, on a machine that the caller opens: it checks held.json, measures, and judges.

import { ATTEMPTS, type Expected, hold, mismatches, type Ratios } from "./judge.ts";
import type { Ratio } from "./ratios.ts";

/** A median of three rounds is held against one of nine. Some ratios have more rounds, in proportion. */
const ROUNDS = 3;
const ROUNDS_TO_WRITE = 9;

/** The machine that is measured on. */
export interface Machine extends AsyncDisposable {
  /** How many CPUs the programs may use. */
  readonly cpus: number;
  /** Measures some ratios. */
  measure(ratios: readonly Ratio[], rounds: number): Promise<Ratios>;
}

/** What one run needs. */
export interface Holding {
  /** All ratios. */
  readonly ratios: readonly Ratio[];
  /** The runtimes that CI measures. */
  readonly runtimes: readonly string[];
  /** The committed ratios. */
  readonly committed: Ratios;
  /** Whether this is CI, which skips nothing. */
  readonly isCi: boolean;
  /** Starts what is measured. */
  open(): Promise<Machine>;
  print(line: string): void;
}

/**
 * Holds the ratios of this machine against the committed ones.
 *
 * @returns Whether all were held. The reasons are printed otherwise.
 */
export async function holdAll({ ratios, runtimes, committed, isCi, open, print }: Holding): Promise<boolean> {
  const wrong = mismatches(expected(ratios, runtimes), committed);
  if (wrong.length > 0) {
    list(print, "bench/held.json does not fit: `npm run bench:held -- --write` commits what is measured", wrong);
    return false;
  }
  await using machine = await open();
  const measurable = measurableOn(machine, ratios, print);
  if (isCi && measurable.length < ratios.length) {
    print("CI needs two CPUs, since nothing is skipped there");
    return false;
  }
  const failed = await hold(expected(measurable, runtimes), committed, (names, attempt) => {
    if (attempt > 1) list(print, "Again, since a busy machine may be the cause:", names);
    return machine.measure(measurable.filter(({ name }) => names.includes(name)), ROUNDS);
  });
  if (failed.length > 0) list(print, `Clearly worse than committed in each of ${ATTEMPTS} attempts:`, failed);
  return failed.length === 0;
}

/**
 * Measures what shall be committed.
 *
 * @returns The ratios, or null if not all were measured. The reasons are printed then.
 */
export async function measureAll(
  { ratios, runtimes, open, print }: Omit<Holding, "committed" | "isCi">,
): Promise<Ratios | null> {
  await using machine = await open();
  const isWhole = measurableOn(machine, ratios, print).length === ratios.length;
  const measured = isWhole ? await machine.measure(ratios, ROUNDS_TO_WRITE) : {};
  const wrong = mismatches(expected(ratios, runtimes), measured);
  if (wrong.length === 0) return measured;
  list(print, "Nothing was written, since not everything was measured:", wrong);
  return null;
}

function expected(ratios: readonly Ratio[], runtimes: readonly string[]): Expected {
  return { margins: Object.fromEntries(ratios.map(({ name, margin }) => [name, margin])), runtimes };
}

/** Returns the ratios that the machine has the CPUs for. Prints the names of the others. */
function measurableOn({ cpus }: Machine, ratios: readonly Ratio[], print: Holding["print"]): readonly Ratio[] {
  const skipped = ratios.filter((ratio) => ratio.cpus > cpus).map(({ name }) => name);
  if (skipped.length > 0) list(print, "Skipped, since only one CPU may be used:", skipped);
  return ratios.filter((ratio) => ratio.cpus <= cpus);
}

function list(print: Holding["print"], heading: string, lines: readonly string[]): void {
  print([heading, ...lines].join("\n  "));
}
