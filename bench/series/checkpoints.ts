// Saving and restoring a tree of many nodes, beside what the peers do to read one.

import { startOxenstored } from "../../tests/peers/daemons.ts";
import { type Client, connect } from "../../mod.ts";
import { type Program, python, variant, xenstoreLs } from "../programs.ts";
import { runRounds } from "../rounds.ts";
import { spreadText, table } from "../table.ts";
import type { Context, Series } from "./series.ts";

const ROUNDS = 3;
const TOP = "/bench/checkpoints";
const COUNT = 100_000;
const QUICK_COUNT = 500;
/** The children of a directory. Their names fit one reply, since pyxs reads no more. */
const WIDTH = 50;
const AT_ONCE = 1000;

/** Writes the nodes, by 50 in directories, which are by 50 in others. */
async function writeTree(store: Client, count: number): Promise<void> {
  for (let start = 0; start < count; start += AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - start) }, (_, i) => {
      const directory = Math.floor((start + i) / WIDTH);
      const path = `${TOP}/${Math.floor(directory / WIDTH)}/${directory}/${start + i}`;
      return store.write(path, `value ${start + i}`);
    }));
  }
}

async function measure({ runtimes, stores, quick, print }: Context): Promise<void> {
  const [cpu, other = cpu] = stores.cpus;
  if (cpu === undefined || other === undefined) return;
  const count = quick ? QUICK_COUNT : COUNT;
  // C xenstored searches a list of all nodes of a transaction for each request: 100,000 would take it a quarter of an hour.
  await using store = await startOxenstored({ cpu });
  await using client = await connect(`unix:${store.socket}`);
  await writeTree(client, count);
  const ls = xenstoreLs(TOP, "-p");
  const programs: Program[] = [
    python("pyxs", "walk", TOP),
    ls,
    ...runtimes.map((runtime) => variant(runtime, "checkpoint", TOP)),
  ];
  const place = { ...stores, place: () => ({ store, cpu: other }) };
  const results = await runRounds(programs, quick ? 1 : ROUNDS, place, "cross");
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
  const heading = ["on two CPUs", "save ms", "faster than pyxs", `than ${ls.name}`, "restore ms", "MiB"];
  print(table(heading, rows));
}

/** Checkpoints. */
export const checkpointsSeries: Series = {
  name: "checkpoints",
  title: `Saving and restoring a tree of ${
    COUNT.toLocaleString("en")
  } nodes with values and permissions, on oxenstored`,
  run: measure,
};
