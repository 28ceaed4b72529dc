// How the cost of a request grows with what a store has: ours beside the daemons in C and OCaml, as tables and as SVG.

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { drawChart } from "../chart.ts";
import { type Bed, findDaemons, type Held, runDaemons } from "../daemons.ts";
import type { Results, Sample } from "../rounds.ts";
import { spreadText, table } from "../table.ts";
import type { Series } from "./series.ts";

const CHARTS = join(dirname(dirname(fileURLToPath(import.meta.url))), "curves");
const ROUNDS = 2;
const COUNT = 1500;
const WARM_UP = 5000;

/** What grows, and which requests are measured for it. */
interface Axis {
  readonly name: string;
  /** What the numbers count. */
  readonly across: string;
  readonly sizes: readonly number[];
  /** What another client has while requests are measured; the number is how many. */
  readonly held?: Held;
  /** The mode of the C binding that makes what is measured, if something has to be made. */
  readonly grow?: string;
  /** The modes of the C binding, and what their charts are called. */
  readonly modes: Readonly<Record<string, string>>;
}

const axes: readonly Axis[] = [
  {
    name: "connections",
    across: "other connections, idle",
    sizes: [1, 10, 100, 1000],
    held: "idle",
    modes: { read: "A read beside idle connections" },
  },
  {
    name: "watches",
    across: "watches of other nodes, by one other connection",
    sizes: [1, 10, 100, 1000, 10_000],
    held: "watches",
    modes: { write: "A write beside watches of other nodes" },
  },
  {
    name: "children",
    across: "children of the node's parent",
    sizes: [1, 10, 100, 1000, 10_000],
    grow: "grow_children",
    modes: { write_child: "A write of one of many children", make_child: "mkdir and rm beside many children" },
  },
  {
    name: "depth",
    across: "directories above the node",
    sizes: [1, 4, 16, 64, 256],
    grow: "grow_deep",
    modes: { read_deep: "A read at a depth", write_deep: "A write at a depth" },
  },
  {
    name: "payload",
    across: "bytes of the value",
    sizes: [1, 16, 128, 1024, 2048],
    grow: "grow_bytes",
    modes: { read_bytes: "A read of a value", write_bytes: "A write of a value" },
  },
  {
    name: "transactions",
    across: "open transactions of another connection, each with one write",
    sizes: [1, 10, 100, 1000],
    held: "transactions",
    modes: { write: "A write beside open transactions" },
  },
];

/** The sizes up and down again, so that the warm-up of the daemon's runtime favours neither end. */
async function measure(bed: Bed, quick: boolean): Promise<Sample> {
  const count = quick ? 20 : COUNT;
  await bed.time("prepare", 1, 0);
  if (!quick) { for (const mode of ["read", "write", "make"]) await bed.time(mode, 1, WARM_UP); }
  const times = new Map<string, number[]>();
  for (const axis of axes) {
    const sizes = quick ? axis.sizes.slice(0, 2) : axis.sizes;
    for (const size of sizes) if (axis.grow !== undefined) await bed.time(axis.grow, 1, 0, size);
    for (const size of quick ? sizes : [...sizes, ...sizes.toReversed()]) {
      const held = axis.held === undefined ? null : await bed.hold(axis.held, size);
      for (const mode of Object.keys(axis.modes)) {
        const key = keyOf(axis, mode, size);
        times.set(key, [...times.get(key) ?? [], await bed.time(mode, count, count / 5, size)]);
      }
      await held?.[Symbol.asyncDispose]();
    }
  }
  return Object.fromEntries([...times].map(([key, [up = NaN, down = up]]) => [key, (up + down) / 2]));
}

function keyOf({ name }: Axis, mode: string, size: number): string {
  return `${name} ${mode} ${size}`;
}

/** A table of one axis and one kind of request; and the chart, which replaces the one before. */
function present(axis: Axis, mode: string, results: Results, names: readonly string[], note: string | null): string {
  const sizes = note === null ? axis.sizes.slice(0, 2) : axis.sizes;
  const title = axis.modes[mode] ?? mode;
  const spreads = names.map((name) => sizes.map((x) => ({ x, y: results.spread(name, keyOf(axis, mode, x)) })));
  if (note !== null) {
    const curves = names.map((name, i) => ({ name, points: spreads[i] ?? [] }));
    const chart = drawChart({ title, across: axis.across, measured: "microseconds", note, curves });
    mkdirSync(CHARTS, { recursive: true });
    writeFileSync(join(CHARTS, `${axis.name}-${mode.replace(/_.*/, "")}.svg`), chart);
  }
  const rows = names.map((name, i) => [name, ...(spreads[i] ?? []).map(({ y }) => spreadText(y))]);
  return table([`${title}, us`, ...sizes.map((size) => size.toLocaleString("en"))], rows);
}

/** The curves. */
export const curvesSeries: Series = {
  name: "curves",
  title: "How the cost of a request grows, by the C binding",
  async run({ runtimes, stores, quick, print }) {
    const daemons = findDaemons(runtimes, quick);
    const [client] = runtimes;
    if (client === undefined) return;
    const rounds = quick ? 1 : ROUNDS;
    const results = await runDaemons(daemons, rounds, stores, "same", client, (bed) => measure(bed, quick));
    const names = daemons.map(({ name }) => name);
    const day = new Date().toISOString().slice(0, 10);
    const note = `One request after another by xen.lowlevel.xs, on one CPU. ` +
      `Medians of ${rounds} rounds, and their range. ${day}`;
    for (const axis of axes) {
      for (const mode of Object.keys(axis.modes)) print(present(axis, mode, results, names, quick ? null : note));
    }
  },
};
