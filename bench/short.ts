// How the ratios of ratios.ts are measured: short forms of the series.

import { type Daemon, findDaemons, PEER, runDaemons } from "./daemons.ts";
import { python, type Runtime, variant, WRITER } from "./programs.ts";
import type { Group } from "./ratios.ts";
import { DAEMON, type Placement, runRounds, type Sample, type Stores } from "./rounds.ts";
import { shortName } from "./runtimes_of_ci.ts";
import { fastTransport } from "./series/blocking.ts";
import { HEAP } from "./series/daemon_embedded.ts";
import { pollingVariant } from "./series/one_by_one.ts";
import { type Spread, spread } from "./statistics.ts";
import { TREE } from "./tree.ts";

/** What a group is measured with. */
export interface Conditions {
  readonly runtimes: readonly Runtime[];
  readonly stores: Stores;
  readonly rounds: number;
}

/** The spread of each ratio of a group, by the name of the ratio and by runtime. */
export type Spreads = Readonly<Record<string, ReadonlyMap<string, Spread>>>;

/** Measures the ratios of a group. */
type Measure = (conditions: Conditions) => Promise<Spreads>;

const BINDING = "xen.lowlevel.xs";
/** The daemon that life cycles are compared with: it finishes them all. */
const CYCLES_PEER = "oxenstored";
const CYCLES = 50;
/** How often each runs: the first runs code that is not compiled yet. */
const TIMES = 3;
/** The modes of requests, how many of each are measured, and how many of each warm up: 12,000 reads, then 4,000 requests. */
const REQUESTS = ["read,write,transaction,modify", "4000,3000,1500,800", "12000,4000,2000,1000"] as const;
const FEW_NODES = 1000;
const MANY_NODES = 100_000;
/** Bun compiles the daemon's code only after that many requests. */
const DAEMON_WARM_UP = 20_000;

function byRuntime(runtimes: readonly Runtime[], spreadOf: (runtime: Runtime) => Spread): Map<string, Spread> {
  return new Map(runtimes.map((runtime) => [shortName(runtime.name), spreadOf(runtime)]));
}

/** The client's CPU time by the daemon's, of a variant that prints both. */
function cpuByDaemon(name: string, placement: Placement, file: string, ...args: readonly string[]): Measure {
  return async ({ runtimes, rounds, stores }) => {
    const programs = runtimes.map((runtime) => variant(runtime, file, ...args));
    const results = await runRounds(programs, rounds, stores, placement);
    return {
      [name]: byRuntime(runtimes, ({ name }) => results.ratio(`tsxs, ${name}`, "client", `tsxs, ${name}`, "daemon")),
    };
  };
}

/** Four kinds of requests in one process, by those of the C binding. */
async function requests({ runtimes, rounds, stores }: Conditions): Promise<Spreads> {
  const peer = python(BINDING, ...REQUESTS);
  const programs = runtimes.map((runtime) => variant(runtime, "one_by_one", ...REQUESTS));
  const results = await runRounds([peer, ...programs], rounds, stores, "same");
  const of = (mode: string) => byRuntime(runtimes, ({ name }) => results.ratio(`tsxs, ${name}`, mode, peer.name));
  return {
    "read, by xen.lowlevel.xs": of("read"),
    "write, by xen.lowlevel.xs": of("write"),
    "empty transaction, by xen.lowlevel.xs": of("transaction"),
    "read, modify, write, by xen.lowlevel.xs": of("modify"),
  };
}

/** A read on two CPUs, without polling and with it: fewer requests in more rounds, which differ more. */
async function requestsOnTwo({ runtimes, rounds, stores }: Conditions): Promise<Spreads> {
  const peer = python(BINDING, "read", "2000", "500");
  const args = ["read", "2000", "3000"] as const;
  const plain = (runtime: Runtime) => variant(runtime, "one_by_one", ...args);
  const polling = (runtime: Runtime) => pollingVariant(runtime, "cross", ...args);
  const pairs = runtimes.flatMap((runtime) => [plain(runtime), polling(runtime)]);
  const results = await runRounds([peer, ...pairs], Math.round(rounds * 5 / 3), stores, "cross");
  const of = (own: typeof plain, other: typeof plain | null) =>
    byRuntime(runtimes, (runtime) => results.ratio(own(runtime).name, "us", (other?.(runtime) ?? peer).name));
  return {
    "read on two CPUs, by xen.lowlevel.xs": of(plain, null),
    "polling read on two CPUs, by xen.lowlevel.xs": of(polling, null),
    "polling read on two CPUs, by one without": of(polling, plain),
  };
}

async function blocking({ runtimes, rounds, stores }: Conditions): Promise<Spreads> {
  const args = ["read", "5000"] as const;
  const peer = python(BINDING, ...args, "500");
  const programs = runtimes.map((runtime) =>
    variant(runtime, "blocking", ...args, "5000", fastTransport(runtime), "0")
  );
  const results = await runRounds([peer, ...programs], rounds, stores, "same");
  const ratios = byRuntime(runtimes, ({ name }) => results.ratio(`tsxs, ${name}`, "us", peer.name));
  return { "blocking read, by xen.lowlevel.xs": ratios };
}

/** Requests for any node of many, by those for any of few after them; and the heap of the many. */
async function embedded({ runtimes, rounds, stores }: Conditions): Promise<Spreads> {
  const args = ["read any,write any", "10000", `${FEW_NODES}`, `${MANY_NODES}`];
  const programs = runtimes.map((runtime) => variant(runtime, "embedded", ...args));
  const results = await runRounds(programs, rounds, stores, "same");
  const growth = (mode: string) =>
    byRuntime(
      runtimes,
      ({ name }) => results.ratio(`tsxs, ${name}`, `${mode} ${MANY_NODES}`, `tsxs, ${name}`, `${mode} again`),
    );
  const heap = ({ name }: Runtime) =>
    results.values(`tsxs, ${name}`, `heap ${MANY_NODES}`).map((bytes) => bytes / HEAP);
  return {
    "embedded read of any of 100,000 nodes, by 1,000": growth("read any"),
    "embedded write of any of 100,000 nodes, by 1,000": growth("write any"),
    "embedded heap of a node, by 200 bytes": byRuntime(runtimes, (runtime) => spread(heap(runtime))),
  };
}

/** A read and a write by those of the daemon in C, all from the C binding; life cycles by those of the daemon in OCaml. */
async function daemons({ runtimes, rounds, stores }: Conditions): Promise<Spreads> {
  const [client] = runtimes;
  if (client === undefined) return {};
  const results = await runDaemons(
    findDaemons(runtimes),
    rounds,
    stores,
    "same",
    client,
    async (bed, { name }: Daemon) => {
      const sample: Record<string, number> = {};
      if (name !== CYCLES_PEER) {
        await bed.time("prepare", 1, 0);
        const warmUp = name === PEER ? 500 : DAEMON_WARM_UP;
        sample.us = await bed.time("read", 4000, warmUp) + await bed.time("write", 4000, warmUp / 4);
      }
      if (name !== PEER) {
        const { ms, ended }: Sample = await bed.run(variant(client, "cycles", `${CYCLES}`, `${TIMES}`, "20", "30"));
        sample.ms = ended === CYCLES * TIMES ? ms ?? NaN : NaN;
      }
      return sample;
    },
  );
  const by = (key: string, peer: string) =>
    byRuntime(runtimes, ({ name }) => results.ratio(`tsxs on ${name}`, key, peer));
  return {
    "read and write of the daemon, by xenstored's": by("us", PEER),
    "50 life cycles of the daemon, by oxenstored's": by("ms", CYCLES_PEER),
  };
}

const MANY = ["many", "256", "15000", DAEMON] as const;
const WALK = ["walk", TREE, DAEMON] as const;

/** How each group is measured. */
export const MEASURES: Readonly<Record<Group, Measure>> = {
  "requests": requests,
  "requests on two CPUs": requestsOnTwo,
  "blocking": blocking,
  "many": cpuByDaemon("256 in flight, CPU by the daemon's", "same", ...MANY),
  "many on two CPUs": cpuByDaemon("256 in flight on two CPUs, CPU by the daemon's", "cross", ...MANY),
  "walk": cpuByDaemon("walk, CPU by the daemon's", "same", ...WALK),
  "walk on two CPUs": cpuByDaemon("walk on two CPUs, CPU by the daemon's", "cross", ...WALK),
  "events": cpuByDaemon("events of a monitor, CPU by the daemon's", "same", "events", WRITER, "8000", DAEMON),
  "embedded": embedded,
  "daemons": daemons,
};
