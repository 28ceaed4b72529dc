// npm run bench: measures the client beside its peers, and the daemon beside the real ones. Arguments: --quick, series.

import { cpus } from "node:os";
import process from "node:process";
import { missingPeers } from "../tests/peers/daemons.ts";
import { connect } from "../mod.ts";
import { buildVariants, findRuntimes } from "./programs.ts";
import { preferred } from "./priority.ts";
import { startStores } from "./rounds.ts";
import { blockingSeries } from "./series/blocking.ts";
import { checkpointsSeries } from "./series/checkpoints.ts";
import { curvesSeries } from "./series/curves.ts";
import { daemonCyclesSeries } from "./series/daemon_cycles.ts";
import { daemonEmbeddedSeries } from "./series/daemon_embedded.ts";
import { daemonLoadSeries } from "./series/daemon_load.ts";
import { daemonNodesSeries } from "./series/daemon_nodes.ts";
import { daemonManySeries, daemonRequestsSeries } from "./series/daemon_requests.ts";
import { eventsSeries } from "./series/events.ts";
import { domainsSeries } from "./series/domains.ts";
import { poolsSeries } from "./series/pools.ts";
import { manySeries } from "./series/many.ts";
import { oneByOneSeries } from "./series/one_by_one.ts";
import { commandSeries } from "./series/command.ts";
import { codecSeries, startSeries } from "./series/process.ts";
import type { Series } from "./series/series.ts";
import { walkSeries } from "./series/walk.ts";
import { populate } from "./tree.ts";

/** All series, by what is measured. */
const groups: Readonly<Record<string, readonly Series[]>> = {
  client: [
    ...oneByOneSeries,
    manySeries,
    eventsSeries,
    walkSeries,
    checkpointsSeries,
    poolsSeries,
    domainsSeries,
    codecSeries,
    startSeries,
  ],
  blocking: blockingSeries,
  command: commandSeries,
  daemon: [
    daemonRequestsSeries,
    daemonManySeries,
    daemonCyclesSeries,
    ...daemonLoadSeries,
    daemonNodesSeries,
    daemonEmbeddedSeries,
  ],
  curves: [curvesSeries],
};

/** Returns the series that the arguments name, by name or by group; all series without arguments. */
function chosen(names: readonly string[]): readonly Series[] {
  const all = Object.values(groups).flat();
  const unknown = names.filter((name) => !(name in groups) && !all.some((series) => series.name === name));
  if (unknown.length > 0) {
    const known = [...Object.keys(groups), ...all.map(({ name }) => name)];
    throw new RangeError(`no such series: ${unknown.join(", ")}; there are ${known.join(", ")}`);
  }
  const wanted = names.flatMap((name) => groups[name]?.map((series) => series.name) ?? [name]);
  return names.length === 0 ? all : all.filter(({ name }) => wanted.includes(name));
}

async function main(args: readonly string[]): Promise<void> {
  const series = chosen(args.filter((argument) => argument !== "--quick"));
  const quick = args.includes("--quick");
  const missing = missingPeers();
  if (missing !== null) throw new Error(missing);
  const started = performance.now();
  const runtimes = findRuntimes();
  await buildVariants();
  using priority = preferred();
  await using stores = await startStores();
  for (const socket of stores.sockets) {
    await using store = await connect(`unix:${socket}`);
    await populate(store);
  }
  console.log(`${runtimes.map(({ name }) => name).join(", ")} on ${cpus().length} CPUs, ${cpus()[0]?.model}`);
  console.log(priority.text);
  console.log(`Medians over the rounds, and the range. ${quick ? "One round each: these are no measurements." : ""}`);
  for (const { title, run } of series) {
    console.log(`\n${title}\n`);
    await run({ runtimes, stores, quick, print: (text) => console.log(`${text}\n`) });
  }
  console.log(`${((performance.now() - started) / 1000).toFixed(0)} s`);
}

await main(process.argv.slice(2));
