// npm run bench:held: short ratios to a peer, held against those of held.json. `--write` commits to what was measured.

import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { missingPeers } from "../tests/peers/daemons.ts";
import { connect } from "../mod.ts";
import { holdAll, type Holding, type Machine, measureAll } from "./holding.ts";
import type { Ratios } from "./judge.ts";
import { worse } from "./margin.ts";
import { preferred } from "./priority.ts";
import { buildVariants, findRuntimesOfCi } from "./programs.ts";
import { type Ratio, RATIOS } from "./ratios.ts";
import { startStores } from "./rounds.ts";
import { runtimesOfCi } from "./runtimes_of_ci.ts";
import { type Conditions, MEASURES } from "./short.ts";
import type { Spread } from "./statistics.ts";
import { figure, spreadText, table } from "./table.ts";
import { populate } from "./tree.ts";

const FILE = join(dirname(fileURLToPath(import.meta.url)), "held.json");

/** Measures the groups of these ratios, and prints them beside the committed ones. */
async function measure(ratios: readonly Ratio[], conditions: Conditions, committed: Ratios): Promise<Ratios> {
  const measured: Record<string, Readonly<Record<string, number>>> = {};
  for (const group of new Set(ratios.map((ratio) => ratio.group))) {
    const started = performance.now();
    const spreads = await MEASURES[group](conditions);
    for (const ratio of ratios.filter((ratio) => ratio.group === group)) {
      const own = spreads[ratio.name] ?? new Map<string, Spread>();
      console.log(`${tableOf(ratio, own, committed[ratio.name] ?? {})}\n`);
      measured[ratio.name] = Object.fromEntries([...own].map(([runtime, { median }]) => [runtime, rounded(median)]));
    }
    console.log(`${group}: ${seconds(started)}\n`);
  }
  return measured;
}

function tableOf({ name, margin }: Ratio, spreads: ReadonlyMap<string, Spread>, committed: Ratios[string]): string {
  const rows = [...spreads].map(([runtime, spread]) => {
    const ratio = committed[runtime];
    if (ratio === undefined) return [runtime, spreadText(spread)];
    const verdict = worse(rounded(spread.median), ratio, margin) ? "WORSE" : "held";
    return [runtime, spreadText(spread), figure(ratio), figure(ratio * margin), verdict];
  });
  return table([name, "measured", "committed", "at most", ""], rows);
}

function rounded(ratio: number): number {
  return Number(figure(ratio));
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(0)} s`;
}

/** Starts the stores that the programs are measured with. */
async function open(committed: Ratios): Promise<Machine> {
  const missing = missingPeers();
  if (missing !== null) throw new Error(missing);
  const runtimes = findRuntimesOfCi();
  await buildVariants();
  const priority = preferred();
  const stores = await startStores();
  for (const socket of stores.sockets) {
    await using store = await connect(`unix:${socket}`);
    await populate(store);
  }
  return {
    cpus: stores.cpus.length,
    measure: (ratios, rounds) => measure(ratios, { runtimes, stores, rounds }, committed),
    async [Symbol.asyncDispose]() {
      await stores[Symbol.asyncDispose]();
      priority[Symbol.dispose]();
    },
  };
}

const started = performance.now();
const isWriting = process.argv.includes("--write");
const committed: Ratios = isWriting ? {} : JSON.parse(readFileSync(FILE, "utf8"));
const holding: Holding = {
  ratios: RATIOS,
  runtimes: runtimesOfCi(),
  committed,
  isCi: process.env.CI !== undefined,
  open: () => open(committed),
  print: (line) => console.log(`${line}\n`),
};
if (isWriting) {
  const measured = await measureAll(holding);
  if (measured === null) process.exitCode = 1;
  else writeFileSync(FILE, `${JSON.stringify(measured, null, 2)}\n`);
} else if (!await holdAll(holding)) process.exitCode = 1;
console.log(`${seconds(started)} in all`);
