// A walk of a tree with all its values, beside pyxs and xenstore-ls.

import { type Program, python, variant, xenstoreLs } from "../programs.ts";
import { DAEMON, type Placement, type Results, runRounds } from "../rounds.ts";
import { spreadText, table } from "../table.ts";
import { TREE } from "../tree.ts";
import { type Context, PLACEMENTS, type Series, verdict } from "./series.ts";

const ROUNDS = 5;
/** The client's CPU time by that of the daemon, at most. */
const SHARE = 1.3;
/** How many times as fast as the peer the walk shall be. */
const GOALS = { pyxs: 10, "xenstore-ls": 3 } as const;

async function onPlacement({ runtimes, stores, quick, print }: Context, placement: Placement) {
  const programs: Program[] = [
    python("pyxs", "walk", TREE),
    xenstoreLs(TREE),
    ...runtimes.map((runtime) => variant(runtime, "walk", TREE, DAEMON)),
  ];
  const results = await runRounds(programs, quick ? 1 : ROUNDS, stores, placement);
  const rows = programs.map(({ name }) => {
    const walk = name === "xenstore-ls" ? "" : spreadText(results.spread(name, "ms"));
    const process = spreadText(results.spread(name, "wall"));
    return [name, walk, process, ...(name.startsWith("tsxs") ? speedUps(results, name) : [])];
  });
  const heading = [PLACEMENTS[placement], "walk ms", "process ms", "faster than pyxs", "", "than xenstore-ls", ""];
  print(table([...heading, "as a process"], rows));
  const shares = programs.filter(({ name }) => name.startsWith("tsxs")).map(({ name }) => {
    const share = results.ratio(name, "client", name, "daemon");
    const spreads = ["client", "daemon"].map((key) => spreadText(results.spread(name, key)));
    return [name, ...spreads, spreadText(share), verdict(share.median, SHARE)];
  });
  print(table([PLACEMENTS[placement], "our CPU ms", "daemon's CPU ms", "ours / daemon's", ""], shares));
}

/** The walk by the walk of pyxs; by xenstore-ls as a whole, which does nothing else; and process by process. */
function speedUps(results: Results, name: string): string[] {
  const pyxs = results.ratio("pyxs", "ms", name);
  const ls = results.ratio("xenstore-ls", "wall", name, "ms");
  const whole = results.ratio("xenstore-ls", "wall", name, "wall");
  return [
    spreadText(pyxs),
    verdict(pyxs.median, GOALS.pyxs, "least"),
    spreadText(ls),
    verdict(ls.median, GOALS["xenstore-ls"], "least"),
    spreadText(whole),
  ];
}

/** The walk. */
export const walkSeries: Series = {
  name: "walk",
  title: "A walk of 11,111 nodes, with their values",
  async run(context) {
    for (const placement of context.stores.placements) await onPlacement(context, placement);
  },
};
