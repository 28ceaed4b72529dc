// One request after another, beside the C binding and pyxs: the way there and back is what counts.

import { type Program, python, type Runtime, variant } from "../programs.ts";
import { CPU, type Placement, runRounds } from "../rounds.ts";
import { table } from "../table.ts";
import { comparison, type Context, PLACEMENTS, type Series } from "./series.ts";

interface Mode {
  readonly name: string;
  readonly title: string;
  readonly count: number;
  readonly warmUp: number;
  readonly rounds: number;
  readonly goals?: Readonly<Record<Placement, number>>;
  /** Whether the client is measured with polling as well, and the goal of that. */
  readonly pollGoals?: Readonly<Record<Placement, number>>;
}

/** How long the client polls, in microseconds: longer than any request takes on a machine that is not busy. */
const POLL = "500";

function oneByOne(mode: Mode): Series {
  return {
    name: mode.name,
    title: mode.title,
    async run(context) {
      for (const placement of context.stores.placements) await onPlacement(context, mode, placement);
    },
  };
}

async function onPlacement({ runtimes, stores, quick, print }: Context, mode: Mode, placement: Placement) {
  const { name, rounds, goals, pollGoals } = mode;
  const count = `${quick ? mode.count / 10 : mode.count}`;
  const warmUp = `${quick ? mode.warmUp / 10 : mode.warmUp}`;
  const peer = python("xen.lowlevel.xs", name, count, warmUp);
  const plain = runtimes.map((runtime) => variant(runtime, "one_by_one", name, count, warmUp));
  const polling = pollGoals === undefined
    ? []
    : runtimes.map((runtime) => pollingVariant(runtime, placement, name, count, warmUp));
  const programs = [peer, python("pyxs", name, count, warmUp), ...plain, ...polling];
  const results = await runRounds(programs, quick ? 1 : rounds, stores, placement);
  const rows = programs.map((program) => {
    const goal = plain.includes(program) ? goals : polling.includes(program) ? pollGoals : undefined;
    return comparison(results, program.name, "us", peer.name, goal?.[placement]);
  });
  print(table([PLACEMENTS[placement], "us each", `x ${peer.name}`, ""], rows));
}

/** Returns the client that polls. If it may use one CPU it does not poll, so it may use both until it has connected. */
export function pollingVariant(runtime: Runtime, placement: Placement, ...args: readonly string[]): Program {
  const pin = placement === "cross" ? [CPU] : [];
  const program = variant(runtime, "one_by_one", ...args, POLL, ...pin);
  return { ...program, name: `tsxs polling, ${runtime.name}`, pinsItself: pin.length > 0 };
}

/** Requests that wait for a reply before the next one; by the peer's time at most on one CPU, and on two. */
const GOALS = { same: 1, cross: 1.1 } as const;

/** Each kind of request warms up with 20,000 requests: Bun compiles the client for the last time after some 12,000. */
export const oneByOneSeries: readonly Series[] = [
  oneByOne({
    name: "read",
    title: "Reads, one after another",
    count: 12_000,
    warmUp: 20_000,
    rounds: 7,
    goals: GOALS,
    pollGoals: { same: 1, cross: 0.8 },
  }),
  oneByOne({
    name: "write",
    title: "Writes, one after another",
    count: 6000,
    warmUp: 20_000,
    rounds: 5,
    goals: GOALS,
  }),
  oneByOne({
    name: "transaction",
    title: "Empty transactions (start, commit)",
    count: 3000,
    warmUp: 10_000,
    rounds: 5,
    goals: GOALS,
  }),
  oneByOne({
    name: "modify",
    title: "Transactions that read, modify and write (4 requests)",
    count: 2000,
    warmUp: 5000,
    rounds: 5,
    goals: GOALS,
  }),
  oneByOne({
    name: "watch",
    title: "A thousand writes below a watch, and their thousand events",
    count: 1000,
    warmUp: 3000,
    rounds: 5,
  }),
];
