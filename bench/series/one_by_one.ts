// One request after another, beside the C binding and pyxs: the way there and back is what counts.

import { python, variant } from "../programs.ts";
import { type Placement, runRounds } from "../rounds.ts";
import { table } from "../table.ts";
import { comparison, type Context, PLACEMENTS, type Series } from "./series.ts";

interface Mode {
  readonly name: string;
  readonly title: string;
  readonly count: number;
  readonly warmUp: number;
  readonly rounds: number;
  readonly goals?: Readonly<Record<Placement, number>>;
}

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
  const { name, rounds, goals } = mode;
  const count = `${quick ? mode.count / 10 : mode.count}`;
  const warmUp = `${quick ? mode.warmUp / 10 : mode.warmUp}`;
  const peer = python("xen.lowlevel.xs", name, count, warmUp);
  const programs = [
    peer,
    python("pyxs", name, count, warmUp),
    ...runtimes.map((runtime) => variant(runtime, "one_by_one", name, count, warmUp)),
  ];
  const results = await runRounds(programs, quick ? 1 : rounds, stores, placement);
  const rows = programs.map((program) => {
    const goal = program.name.startsWith("tsxs") ? goals?.[placement] : undefined;
    return comparison(results, program.name, "us", peer.name, goal);
  });
  print(table([PLACEMENTS[placement], "us each", `x ${peer.name}`, ""], rows));
}

/** Reads, which have a goal; then the others, which have none. */
export const oneByOneSeries: readonly Series[] = [
  oneByOne({
    name: "read",
    title: "Reads, one after another",
    count: 12_000,
    warmUp: 4000,
    rounds: 7,
    goals: { same: 1.15, cross: 1.4 },
  }),
  oneByOne({ name: "write", title: "Writes, one after another", count: 6000, warmUp: 3000, rounds: 5 }),
  oneByOne({
    name: "transaction",
    title: "Empty transactions (start, commit)",
    count: 3000,
    warmUp: 1500,
    rounds: 5,
  }),
  oneByOne({
    name: "modify",
    title: "Transactions that read, modify and write (4 requests)",
    count: 2000,
    warmUp: 1000,
    rounds: 5,
  }),
  oneByOne({
    name: "watch",
    title: "A thousand writes below a watch, and their thousand events",
    count: 1000,
    warmUp: 3000,
    rounds: 5,
  }),
];
