// Many reads in flight: the daemon is the limit, and our share of CPU time is what counts.

import { variant } from "../programs.ts";
import { DAEMON, type Placement, runRounds } from "../rounds.ts";
import { spreadText, table } from "../table.ts";
import { type Context, PLACEMENTS, type Series, verdict } from "./series.ts";

const SHAPES: Readonly<Record<string, string>> = {
  "64": "64 in flight",
  "256": "256 in flight",
  tick: "1,000 in one tick",
};
const ROUNDS = 5;
const COUNT = 60_000;
/** The client's CPU time by that of the daemon, at most. */
const GOAL = 0.9;

async function onPlacement({ runtimes, stores, quick, print }: Context, shape: string, placement: Placement) {
  const count = `${quick ? COUNT / 10 : COUNT}`;
  const programs = runtimes.map((runtime) => variant(runtime, "many", shape, count, DAEMON));
  const results = await runRounds(programs, quick ? 1 : ROUNDS, stores, placement);
  const rows = programs.map(({ name }) => {
    const share = results.ratio(name, "client", name, "daemon");
    const spreads = ["us", "client", "daemon"].map((key) => spreadText(results.spread(name, key)));
    return [name, ...spreads, spreadText(share), verdict(share.median, GOAL)];
  });
  const heading = [`${SHAPES[shape]}, ${PLACEMENTS[placement]}`, "us each", "our CPU us", "daemon's CPU us"];
  print(table([...heading, "ours / daemon's", ""], rows));
}

/** Many concurrent reads. */
export const manySeries: Series = {
  name: "many",
  title: "Many reads in flight",
  async run(context) {
    for (const placement of context.stores.placements.toReversed()) {
      for (const shape of Object.keys(SHAPES)) await onPlacement(context, shape, placement);
    }
  },
};
