// What others that do nothing cost: idle connections, watches of other nodes; and what a hundred watchers of a node do.

import { type Bed, type Daemon, findDaemons, PEER, runDaemons } from "../daemons.ts";
import type { Results, Sample } from "../rounds.ts";
import { spreadText, table } from "../table.ts";
import { type Context, type Series, verdict } from "./series.ts";

const ROUNDS = 5;
const COUNT = 2500;
const WARM_UP = 5000;
/** How much slower requests may be than without the load. */
const FLAT = 1.3;

interface Load {
  readonly name: string;
  readonly title: string;
  readonly what: "idle" | "watches" | "watchers";
  readonly count: number;
  readonly modes: readonly string[];
  /** Whether nothing shall come of it. */
  readonly flat: boolean;
}

/**
 * Times without the load, with it, and without it again, so that the warm-up of the daemon's runtime favours neither.
 */
async function measure(bed: Bed, { what, count, modes }: Load, quick: boolean): Promise<Sample> {
  const [requests, warmUp] = quick ? [50, 10] : [COUNT, COUNT / 2];
  const times = async (): Promise<number[]> => {
    const all: number[] = [];
    for (const mode of modes) all.push(await bed.time(mode, requests, warmUp));
    return all;
  };
  await bed.time("prepare", 1, 0);
  if (!quick) { for (const mode of modes) await bed.time(mode, 1, WARM_UP); }
  const before = await times();
  const held = await bed.hold(what, quick ? count / 10 : count);
  const under = await times();
  await held[Symbol.asyncDispose]();
  const after = quick ? before : await times();
  return Object.fromEntries(modes.flatMap((mode, i) => [
    [`${mode} without`, ((before[i] ?? NaN) + (after[i] ?? NaN)) / 2],
    [`${mode} with`, under[i] ?? NaN],
  ]));
}

function row(results: Results, { name }: Daemon, mode: string, { flat }: Load): string[] {
  const slowdown = results.ratio(name, `${mode} with`, name, `${mode} without`);
  return [
    name,
    spreadText(results.spread(name, `${mode} without`)),
    spreadText(results.spread(name, `${mode} with`)),
    spreadText(slowdown),
    spreadText(results.ratio(name, `${mode} with`, PEER)),
    flat && name.startsWith("tsxs") ? verdict(slowdown.median, FLAT) : "",
  ];
}

function loaded(load: Load): Series {
  return {
    name: load.name,
    title: `The daemon: ${load.title}`,
    async run({ runtimes, stores, quick, print }: Context) {
      const daemons = findDaemons(runtimes, quick);
      const [client] = runtimes;
      if (client === undefined) return;
      const results = await runDaemons(daemons, quick ? 1 : ROUNDS, stores, "same", client, (bed) => {
        return measure(bed, load, quick);
      });
      for (const mode of load.modes) {
        const heading = [`a ${mode}, on one CPU`, "us without", "us with", "with / without", `with, x ${PEER}`, ""];
        print(table(heading, daemons.map((daemon) => row(results, daemon, mode, load))));
      }
    },
  };
}

/** Each load. */
export const daemonLoadSeries: readonly Series[] = [
  loaded({
    name: "daemon-idle",
    title: "1,000 idle connections beside the one that counts",
    what: "idle",
    count: 1000,
    modes: ["read", "write"],
    flat: true,
  }),
  loaded({
    name: "daemon-watches",
    title: "5,000 watches of other nodes",
    what: "watches",
    count: 5000,
    modes: ["write"],
    flat: true,
  }),
  loaded({
    name: "daemon-watchers",
    title: "100 connections that watch the node that is written",
    what: "watchers",
    count: 100,
    modes: ["write"],
    flat: false,
  }),
];
