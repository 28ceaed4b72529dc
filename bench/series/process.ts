// What needs no store: messages encoded and decoded, and what our code costs when a process starts.

import { starter, variant } from "../programs.ts";
import { runRounds } from "../rounds.ts";
import { spread } from "../statistics.ts";
import { spreadText, table } from "../table.ts";
import { type Context, type Series, verdict } from "./series.ts";

const GOAL_NS = 300;

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
    print(table(["", "encode ns", "decode ns", "in two chunks ns", "16 at once, each ns", ""], rows));
  },
};

/** The start of a process. */
export const startSeries: Series = {
  name: "start",
  title: "A process that ends at once, and one that imports the built package before",
  async run({ runtimes, stores, quick, print }: Context) {
    const rounds = quick ? 3 : 21;
    const rows: string[][] = [];
    for (const runtime of runtimes) {
      const [empty, full] = [starter(runtime, "start-empty"), starter(runtime, "start-import")];
      const results = await runRounds([empty, full], rounds, stores, "same");
      const base = results.values(empty.name, "wall");
      const more = results.values(full.name, "wall").map((value, round) => value - (base[round] ?? NaN));
      rows.push([
        runtime.name,
        spreadText(results.spread(empty.name, "wall")),
        spreadText(results.spread(full.name, "wall")),
        spreadText(spread(more)),
      ]);
    }
    print(table(["", "empty ms", "with the import ms", "difference ms"], rows));
  },
};
