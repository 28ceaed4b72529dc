// Calls that block, beside the C binding and pyxs: one after another, over each blocking transport, spinning or not.

import { python, type Runtime, variant } from "../programs.ts";
import { type Placement, runRounds } from "../rounds.ts";
import { table } from "../table.ts";
import { comparison, type Context, PLACEMENTS, type Series } from "./series.ts";

interface Mode {
  readonly name: string;
  readonly title: string;
  readonly count: number;
  readonly warmUp: number;
}

/** One way to block: its transport, and for how many microseconds it spins. */
interface Way {
  readonly transport: string;
  readonly spin: number;
  /** How many times the binding's time the median shall be at most. */
  readonly goals: Readonly<Partial<Record<Placement, number>>>;
}

const ROUNDS = 5;
const SPIN = 150;
const MODES: readonly Mode[] = [
  { name: "read", title: "one read", count: 6000, warmUp: 3000 },
  { name: "write", title: "one write", count: 4000, warmUp: 3000 },
  { name: "transaction", title: "one empty transaction", count: 2000, warmUp: 1500 },
  { name: "watch", title: "one of 1,000 writes and its event", count: 1000, warmUp: 2000 },
];

/** The transport of blocking calls that a runtime has without a worker. */
export function fastTransport({ name }: Runtime): "descriptor" | "ffi" {
  return name.startsWith("Node") ? "descriptor" : "ffi";
}

function ways(runtime: Runtime, placement: Placement): Way[] {
  const fast = fastTransport(runtime);
  const spinning: Way = { transport: fast, spin: SPIN, goals: { cross: 0.75 } };
  return [
    { transport: fast, spin: 0, goals: { same: 1.1, cross: 1 } },
    // On one CPU the store could not run while the client spins, so nothing spins by default.
    ...(placement === "cross" ? [spinning] : []),
    { transport: "worker", spin: 0, goals: { same: 2, cross: 2 } },
  ];
}

async function onPlacement({ runtimes, stores, quick, print }: Context, mode: Mode, placement: Placement) {
  const count = `${quick ? mode.count / 10 : mode.count}`;
  const warmUp = `${quick ? mode.warmUp / 10 : mode.warmUp}`;
  const peer = python("xen.lowlevel.xs", mode.name, count, warmUp);
  const ours = runtimes.flatMap((runtime) =>
    ways(runtime, placement).map(({ transport, spin, goals }) => {
      const program = variant(runtime, "blocking", mode.name, count, warmUp, transport, `${spin}`);
      const how = spin > 0 ? `${transport}, spinning` : transport;
      return { program: { ...program, name: `${program.name}, ${how}` }, goal: goals[placement] };
    })
  );
  const programs = [peer, python("pyxs", mode.name, count, warmUp), ...ours.map(({ program }) => program)];
  const results = await runRounds(programs, quick ? 1 : ROUNDS, stores, placement);
  const rows = programs.map(({ name }) => {
    const goal = ours.find(({ program }) => program.name === name)?.goal;
    return comparison(results, name, "us", peer.name, goal);
  });
  print(table([`${mode.title}, ${PLACEMENTS[placement]}`, "us each", `x ${peer.name}`, ""], rows));
}

/** Each mode by itself: `blocking-read` and so on. */
export const blockingSeries: readonly Series[] = MODES.map((mode) => ({
  name: `blocking-${mode.name}`,
  title: `Calls that block: ${mode.title}`,
  async run(context) {
    for (const placement of context.stores.placements) await onPlacement(context, mode, placement);
  },
}));
