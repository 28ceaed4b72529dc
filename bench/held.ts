// npm run bench:held: short ratios to a peer, held against those of held.json. `--write` commits to what was measured.

import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { missingPeers } from "../tests/peers/daemons.ts";
import { connect } from "../mod.ts";
import { findDaemons, PEER, runDaemons } from "./daemons.ts";
import { worse } from "./margin.ts";
import { preferred } from "./priority.ts";
import { buildVariants, findRuntimes, type Program, python, type Runtime, variant } from "./programs.ts";
import { DAEMON, runRounds, startStores, type Stores } from "./rounds.ts";
import { fastTransport } from "./series/blocking.ts";
import { populate, TREE } from "./tree.ts";
import { figure, spreadText, table } from "./table.ts";
import type { Spread } from "./statistics.ts";

const FILE = join(dirname(fileURLToPath(import.meta.url)), "held.json");
const ROUNDS = 5;
/** A ratio has failed if it is worse in each of these. */
const ATTEMPTS = 3;
const COUNT = "6000";
const WARM_UP = "4000";
/** Bun compiles the daemon's code only after that many requests. */
const DAEMON_WARM_UP = 20_000;

/** Measures one kind of ratio; gives it by runtime. */
type Measurement = (runtimes: readonly Runtime[], stores: Stores) => Promise<ReadonlyMap<string, Spread>>;

function byRuntime(runtimes: readonly Runtime[], spreadOf: (runtime: Runtime) => Spread): Map<string, Spread> {
  return new Map(runtimes.map((runtime) => [runtime.name.replace(/(\d+)\.\S+/, "$1"), spreadOf(runtime)]));
}

/** The client's CPU time by the daemon's, of a variant that prints both. */
function cpuByDaemon(file: string, ...args: readonly string[]): Measurement {
  return async (runtimes, stores) => {
    const results = await runRounds(runtimes.map((runtime) => variant(runtime, file, ...args)), ROUNDS, stores, "same");
    return byRuntime(runtimes, ({ name }) => results.ratio(`tsxs, ${name}`, "client", `tsxs, ${name}`, "daemon"));
  };
}

/** The time of a read by that of the C binding. */
function byBinding(program: (runtime: Runtime) => Program): Measurement {
  return async (runtimes, stores) => {
    const peer = python("xen.lowlevel.xs", "read", COUNT, WARM_UP);
    const results = await runRounds([peer, ...runtimes.map(program)], ROUNDS, stores, "same");
    return byRuntime(runtimes, (runtime) => results.ratio(program(runtime).name, "us", peer.name));
  };
}

/** A read and a write to our daemon by those to the daemon in C, both from the C binding. */
function byXenstored(): Measurement {
  return async (runtimes, stores) => {
    const [client] = runtimes;
    if (client === undefined) throw new Error("nothing to measure with: no runtime is installed");
    const daemons = findDaemons(runtimes).filter(({ name }) => name !== "oxenstored");
    const results = await runDaemons(daemons, ROUNDS, stores, "same", client, async (bed) => {
      await bed.time("prepare", 1, 0);
      const time = (mode: string): Promise<number> => bed.time(mode, Number(COUNT), DAEMON_WARM_UP);
      return { us: await time("read") + await time("write") };
    });
    return byRuntime(runtimes, ({ name }) => results.ratio(`tsxs on ${name}`, "us", PEER));
  };
}

const measurements: Readonly<Record<string, Measurement>> = {
  "read, by xen.lowlevel.xs": byBinding((runtime) => variant(runtime, "one_by_one", "read", COUNT, WARM_UP)),
  "blocking read, by xen.lowlevel.xs": byBinding((runtime) =>
    variant(runtime, "blocking", "read", COUNT, WARM_UP, fastTransport(runtime), "0")
  ),
  "256 in flight, CPU by the daemon's": cpuByDaemon("many", "256", "30000", DAEMON),
  "walk, CPU by the daemon's": cpuByDaemon("walk", TREE, DAEMON),
  "read and write of the daemon, by xenstored's": byXenstored(),
};

/** The committed ratios, by measurement and runtime. */
type Held = Readonly<Record<string, Readonly<Record<string, number>>>>;

function committed(): Held {
  const held: Held = JSON.parse(readFileSync(FILE, "utf8"));
  return held;
}

/** One attempt at the measurements: what was measured, and the names of those that are worse. */
async function attempt(names: readonly string[], runtimes: readonly Runtime[], stores: Stores, held: Held) {
  const measured: Record<string, Record<string, number>> = {};
  const failed: string[] = [];
  for (const name of names) {
    const spreads = await measurements[name]?.(runtimes, stores) ?? new Map<string, Spread>();
    measured[name] = Object.fromEntries([...spreads].map(([runtime, { median }]) => [runtime, Number(figure(median))]));
    const rows = [...spreads].map(([runtime, spread]) => {
      const limit = held[name]?.[runtime];
      const isWorse = limit !== undefined && worse(spread.median, limit);
      if (isWorse) failed.push(name);
      const verdict = limit === undefined ? "no ratio is committed" : isWorse ? "WORSE" : "held";
      return [runtime, spreadText(spread), limit === undefined ? "" : figure(limit), verdict];
    });
    console.log(`${table([name, "measured", "committed", ""], rows)}\n`);
  }
  return { measured, failed: [...new Set(failed)] };
}

async function main(args: readonly string[]): Promise<void> {
  const missing = missingPeers();
  if (missing !== null) throw new Error(missing);
  const runtimes = findRuntimes();
  await buildVariants();
  using _priority = preferred();
  await using stores = await startStores();
  for (const socket of stores.sockets) {
    await using store = await connect(`unix:${socket}`);
    await populate(store);
  }
  if (args.includes("--write")) {
    const { measured } = await attempt(Object.keys(measurements), runtimes, stores, {});
    return writeFileSync(FILE, `${JSON.stringify(measured, null, 2)}\n`);
  }
  const held = committed();
  let names = Object.keys(measurements);
  for (let i = 0; i < ATTEMPTS && names.length > 0; i++) {
    if (i > 0) console.log(`Again, since a busy machine may be the cause: ${names.join("; ")}\n`);
    names = (await attempt(names, runtimes, stores, held)).failed;
  }
  if (names.length === 0) return;
  console.log(`Clearly worse than committed in each of ${ATTEMPTS} attempts: ${names.join("; ")}`);
  process.exitCode = 1;
}

await main(process.argv.slice(2));
