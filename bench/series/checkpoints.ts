// Saving and restoring a tree of many nodes, beside what the peers do to read one.

import { connect } from "../../mod.ts";
import { type Program, python, variant, xenstoreLs } from "../programs.ts";
import { type Placement, runRounds } from "../rounds.ts";
import { spreadText, table } from "../table.ts";
import { NODES, nodesWithDirectories, writeNodes } from "../variants/nodes.ts";
import { type Context, PLACEMENTS, type Series } from "./series.ts";

const ROUNDS = 3;
const COUNT = 100_000;
const QUICK_COUNT = 500;

async function onPlacement({ runtimes, stores, quick, print }: Context, placement: Placement): Promise<void> {
  const ls = xenstoreLs(NODES, "-p");
  const programs: Program[] = [
    python("pyxs", "walk", NODES),
    ls,
    ...runtimes.map((runtime) => variant(runtime, "checkpoint", NODES)),
  ];
  const results = await runRounds(programs, quick ? 1 : ROUNDS, stores, placement);
  const rows = programs.map(({ name }) => {
    if (name === "pyxs") return [name, spreadText(results.spread(name, "ms"))];
    if (name === ls.name) return [name, spreadText(results.spread(name, "wall"))];
    return [
      name,
      spreadText(results.spread(name, "save")),
      spreadText(results.ratio("pyxs", "ms", name, "save")),
      spreadText(results.ratio(ls.name, "wall", name, "save")),
      spreadText(results.spread(name, "restore")),
      spreadText(results.spread(name, "memory")),
    ];
  });
  const heading = [PLACEMENTS[placement], "save ms", "faster than pyxs", "than xenstore-ls -p", "restore ms", "MiB"];
  print(table(heading, rows));
}

/** Checkpoints. */
export const checkpointsSeries: Series = {
  name: "checkpoints",
  title: `Saving and restoring a tree of ${COUNT.toLocaleString("en")} nodes with values and permissions`,
  async run(context) {
    const count = context.quick ? QUICK_COUNT : COUNT;
    context.print(`${nodesWithDirectories(count).toLocaleString("en")} nodes with their directories`);
    for (const socket of context.stores.sockets) {
      await using store = await connect(`unix:${socket}`);
      await writeNodes(store, 0, count);
    }
    for (const placement of context.stores.placements) await onPlacement(context, placement);
    for (const socket of context.stores.sockets) {
      await using store = await connect(`unix:${socket}`);
      await store.delete(NODES);
    }
  },
};
