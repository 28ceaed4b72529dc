// What a series of measurements is made of, and the rows it prints.

import type { Runtime } from "../programs.ts";
import type { Placement, Results, Stores } from "../rounds.ts";
import { figure, spreadText } from "../table.ts";

/** What all series are run with. */
export interface Context {
  readonly runtimes: readonly Runtime[];
  readonly stores: Stores;
  /** Whether only to see that it works. */
  readonly quick: boolean;
  print(text: string): void;
}

/** One series: its name on the command line, what it measures, and how. */
export interface Series {
  readonly name: string;
  readonly title: string;
  run(context: Context): Promise<void>;
}

/** How a table names the placements. */
export const PLACEMENTS: Readonly<Record<Placement, string>> = {
  same: "on one CPU",
  cross: "on two CPUs",
};

/** Whether a median reaches its goal, as it is printed: at most that much, or at least. */
export function verdict(median: number, goal: number, sense: "most" | "least" = "most"): string {
  const reached = sense === "most" ? median <= goal : median >= goal;
  return `${reached ? "reached" : "not reached"} (at ${sense} ${figure(goal)})`;
}

/** A row of one number and its ratio to a peer's; with a goal for that ratio, its verdict. */
export function comparison(results: Results, name: string, key: string, peer: string, goal?: number): string[] {
  const own = spreadText(results.spread(name, key));
  if (name === peer) return [name, own, "1", ""];
  const ratio = results.ratio(name, key, peer);
  return [name, own, spreadText(ratio), goal === undefined ? "" : verdict(ratio.median, goal)];
}
