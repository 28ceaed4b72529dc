// What needs no store: messages encoded and decoded, and what our code costs when a process starts.

import { type Start, starter, variant } from "../programs.ts";
import { runRounds } from "../rounds.ts";
import { differences, type Spread, spread } from "../statistics.ts";
import { spreadText, table } from "../table.ts";
import { type Context, type Series, verdict } from "./series.ts";

const GOAL_NS = 300;
const GOAL_START_MS = 10;
const ENTRIES: readonly Start[] = ["tsxs", "tsxs/xs", "tsxs/pyxs", "tsxs/daemon"];

/** The codec by itself. */
export const codecSeries: Series = {
  name: "codec",
  title: "A small message encoded and decoded, without a store",
  async run({ runtimes, stores, quick, print }: Context) {
    const programs = runtimes.map((runtime) => variant(runtime, "codec", quick ? "100000" : "1000000"));
    const results = await runRounds(programs, quick ? 1 : 7, stores, "same");
    const rows = programs.map(({ name }) => {
      const spreads = ["encode", "decode", "split", "together"].map((key) => results.spread(name, key));
      const worst = Math.max(...spreads.map(({ median }) => median));
      return [name, ...spreads.map(spreadText), name.includes("Node") ? verdict(worst, GOAL_NS) : ""];
    });
    print(table(["", "encode ns", "decode ns", "in two chunks ns", "16 together, each ns", ""], rows));
  },
};

/** The start of a process. */
export const startSeries: Series = {
  name: "start",
  title: "A process that ends immediately, and what an import of the built package adds to it",
  async run({ runtimes, stores, quick, print }: Context) {
    const rounds = quick ? 3 : 21;
    const rows: string[][] = [];
    for (const runtime of runtimes) {
      // Deno alone runs the sources as they are published, from JSR.
      const starts: Start[] = [...ENTRIES, ...(runtime.name.startsWith("Deno") ? ["mod.ts" as const] : [])];
      const empty = starter(runtime, "empty");
      const programs = starts.map((start) => starter(runtime, start));
      const results = await runRounds([empty, ...programs], rounds, stores, "same");
      const [cpu, elapsed] = (["cpu", "elapsed"] as const).map((key) => spreadText(results.spread(empty.name, key)));
      rows.push([`${runtime.name}, empty`, cpu ?? "", elapsed ?? "", ""]);
      for (const [index, { name }] of programs.entries()) {
        const more = (key: string): Spread =>
          spread(differences(results.values(name, key), results.values(empty.name, key)));
        const isGoal = starts[index] === "tsxs";
        const verdictText = isGoal ? verdict(more("cpu").median, GOAL_START_MS) : "";
        rows.push([
          `${runtime.name}, ${starts[index]}`,
          spreadText(more("cpu")),
          spreadText(more("elapsed")),
          verdictText,
        ]);
      }
    }
    print(table(["", "CPU ms", "ms", ""], rows));
  },
};
