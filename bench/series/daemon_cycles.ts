// Life cycles of virtual machines: what a host's daemon is there for, and where transactions meet.

import { type Daemon, findDaemons, runDaemons } from "../daemons.ts";
import { variant } from "../programs.ts";
import type { Results } from "../rounds.ts";
import { spreadText, table } from "../table.ts";
import type { Series } from "./series.ts";

const ROUNDS = 3;
const LIMIT_SECONDS = 20;
const TIMES_ALONE = 50;
const WARM_UP = 30;
/** Cycles that are measured: how many concurrently, and how a table calls them. */
interface Shape {
  readonly key: string;
  readonly parallel: number;
  readonly title: string;
}

/** The first concurrent cycles run code for conflicts that no runtime has compiled yet; the last ones do not. */
function shapesOf(parallel: readonly number[]): Shape[] {
  const shapes = parallel.map((count) => ({ key: `${count}`, parallel: count, title: `${count} concurrently` }));
  const first = parallel.find((count) => count > 1) ?? 1;
  return [...shapes, { key: `${first} again`, parallel: first, title: `${first} concurrently, after all others` }];
}

/** A peer that finishes them all: the fastest of the real daemons. */
const GOAL_PEER = "oxenstored";

/** Returns the row of a daemon: the time if every run finished, otherwise the cycles that ended within the limit. */
function row(results: Results, { name }: Daemon, { key }: Shape, wanted: number): string[] {
  const ended = results.values(name, `ended ${key}`);
  const finished = ended.every((cycles) => cycles === wanted);
  const [requests, retries] = ["requests", "retries"].map((what) => spreadText(results.spread(name, `${what} ${key}`)));
  const rate = spreadText(results.spread(name, `rate ${key}`));
  const start = [name, finished ? spreadText(results.spread(name, `ms ${key}`)) : `${ended.join(", ")} ended`];
  const middle = [...start, requests ?? "", retries ?? "", rate];
  const peerFinished = results.values(GOAL_PEER, `ended ${key}`).every((cycles) => cycles === wanted);
  if (!finished || !peerFinished) return middle;
  const ratio = results.ratio(name, `ms ${key}`, GOAL_PEER);
  const reached = ratio.median <= 1 && results.values(name, `retries ${key}`).every((count) => count === 0);
  return [...middle, spreadText(ratio), name.startsWith("tsxs") ? (reached ? "reached" : "not reached") : ""];
}

/** Life cycles. */
export const daemonCyclesSeries: Series = {
  name: "daemon-cycles",
  title: "The daemon: life cycles of virtual machines over one connection, conflicts tried again without a pause",
  async run({ runtimes, stores, quick, print }) {
    const daemons = findDaemons(runtimes, quick);
    const [client] = runtimes;
    const placement = stores.placements.at(-1);
    if (client === undefined || placement === undefined) return;
    const shapes = shapesOf(quick ? [1, 10] : [1, 50, 100, 300]);
    const times = (parallel: number): number => parallel > 1 ? 1 : quick ? 2 : TIMES_ALONE;
    const results = await runDaemons(daemons, quick ? 1 : ROUNDS, stores, placement, client, async (bed) => {
      const sample: Record<string, number> = {};
      for (const { key: shape, parallel } of shapes) {
        const numbers = [parallel, times(parallel), LIMIT_SECONDS, quick ? 1 : WARM_UP];
        const program = variant(client, "cycles", ...numbers.map((number) => `${number}`));
        for (const [key, value] of Object.entries(await bed.run(program))) sample[`${key} ${shape}`] = value;
      }
      return sample;
    });
    for (const shape of shapes) {
      const { parallel } = shape;
      const wanted = parallel * times(parallel);
      const title = parallel === 1 ? `${wanted}, one after another` : shape.title;
      const heading = [title, `ms, or ended in ${LIMIT_SECONDS} s`, "requests", "retries", "requests by ms"];
      print(
        table([...heading, `ms x ${GOAL_PEER}`, ""], daemons.map((daemon) => row(results, daemon, shape, wanted))),
      );
    }
  },
};
