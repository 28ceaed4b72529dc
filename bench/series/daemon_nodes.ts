// What many nodes cost over a socket: the time of requests, and memory.

import { readFileSync } from "node:fs";
import { type Bed, type Daemon, findDaemons, PEER, runDaemons } from "../daemons.ts";
import { type Runtime, variant } from "../programs.ts";
import type { Results, Sample } from "../rounds.ts";
import { spreadText, table } from "../table.ts";
import { nodesWithDirectories } from "../variants/nodes.ts";
import { type Series, verdict } from "./series.ts";

const ROUNDS = 3;
const COUNT = 3000;
/** How much slower requests may be with many nodes. */
const FLAT = 1.3;
const SIZES = [1000, 100_000, 1_000_000];
/** The last number of nodes takes the real daemons minutes to make. */
const OURS_ONLY = 1;
const MODES: Readonly<Record<string, string>> = {
  transaction: "an empty transaction",
  read: "a read of one node",
  read_any: "a read of any of them",
  write_any: "a write of any of them",
};

/** Bytes of memory that a process has. */
function memoryOf(pid: number): number {
  return Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024;
}

/** Few nodes, many, and few again, so that the warm-up of the runtime does not favour the many. */
async function measure(bed: Bed, client: Runtime, sizes: readonly number[], quick: boolean): Promise<Sample> {
  const sample: Record<string, number> = {};
  const populate = (from: number, to: number): Promise<Sample> =>
    bed.run(variant(client, "populate", `${from}`, `${to}`));
  const times = async (nodes: number, key: string): Promise<void> => {
    const count = quick ? 20 : COUNT;
    for (const mode of Object.keys(MODES)) sample[`${mode} ${key}`] = await bed.time(mode, count, count / 2, nodes);
  };
  await bed.time("prepare", 1, 0);
  const [few = 0, ...more] = sizes;
  await populate(0, few);
  await times(few, "before");
  let [written, memory] = [few, memoryOf(bed.place.store.pid)];
  for (const size of more) {
    const { wall = NaN } = await populate(written, size);
    sample[`making ${size}`] = wall * 1000 / (size - written);
    const grown = memoryOf(bed.place.store.pid);
    sample[`memory ${size}`] = (grown - memory) / (nodesWithDirectories(size) - nodesWithDirectories(written));
    [written, memory] = [size, grown];
    await times(size, `${size}`);
  }
  await populate(0, few);
  if (!quick) await times(few, "again");
  for (const mode of Object.keys(MODES)) {
    sample[`${mode} ${few}`] = mean(sample[`${mode} before`], sample[`${mode} again`]);
  }
  return sample;
}

function mean(before = NaN, again = before): number {
  return (before + again) / 2;
}

/** The numbers of nodes that a daemon is measured with. */
function sizesOf({ name }: Daemon, sizes: readonly number[]): readonly number[] {
  return name.startsWith("tsxs") ? sizes : sizes.slice(0, sizes.length - OURS_ONLY);
}

function row(results: Results, daemon: Daemon, mode: string, sizes: readonly number[]): string[] {
  const { name } = daemon;
  const own = sizesOf(daemon, sizes);
  const times = sizes.map((size) => own.includes(size) ? spreadText(results.spread(name, `${mode} ${size}`)) : "");
  const slowdown = results.ratio(name, `${mode} ${own.at(-1)}`, name, `${mode} ${own[0]}`);
  const ratio = results.ratio(name, `${mode} ${sizes[1]}`, PEER);
  return [
    name,
    ...times,
    spreadText(slowdown),
    name.startsWith("tsxs") ? verdict(slowdown.median, FLAT) : "",
    spreadText(ratio),
  ];
}

/** Many nodes. */
export const daemonNodesSeries: Series = {
  name: "daemon-nodes",
  title: "The daemon: requests among few nodes and among many, by the C binding, and the memory that they take",
  async run({ runtimes, stores, quick, print }) {
    const daemons = findDaemons(runtimes, quick);
    const [client] = runtimes;
    if (client === undefined) return;
    const sizes = quick ? [100, 200, 400] : SIZES;
    const results = await runDaemons(daemons, quick ? 1 : ROUNDS, stores, "same", client, (bed, daemon) => {
      return measure(bed, client, sizesOf(daemon, sizes), quick);
    });
    const texts = sizes.map((size) => size.toLocaleString("en"));
    for (const [mode, title] of Object.entries(MODES)) {
      const heading = [title, ...texts.map((text) => `us, of ${text}`), "most / fewest", "", `${texts[1]}, x ${PEER}`];
      print(table(heading, daemons.map((daemon) => row(results, daemon, mode, sizes))));
    }
    for (const [i, size] of sizes.entries()) {
      if (i === 0) continue;
      const rows = daemons.filter((daemon) => sizesOf(daemon, sizes).includes(size)).map(({ name }) => [
        name,
        spreadText(results.spread(name, `making ${size}`)),
        spreadText(results.spread(name, `memory ${size}`)),
      ]);
      print(table([`growth from ${texts[i - 1]} to ${texts[i]}`, "us by node", "bytes of RSS by node"], rows));
    }
  },
};
