// Requests to our daemon and to the real ones: one after another by the C binding, and many in flight by our client.

import { type Bed, findDaemons, PEER, runDaemons } from "../daemons.ts";
import { variant } from "../programs.ts";
import { DAEMON, type Placement, type Sample } from "../rounds.ts";
import { spreadText, table } from "../table.ts";
import { comparison, type Context, PLACEMENTS, type Series } from "./series.ts";

const ROUNDS = 5;
const WARM_UP = 4000;
/** For each mode of the C binding, how many, and what its table is called. */
const MODES: Readonly<Record<string, { readonly count: number; readonly title: string }>> = {
  read: { count: 8000, title: "a read" },
  write: { count: 6000, title: "a write" },
  make: { count: 3000, title: "mkdir and rm" },
  transaction: { count: 3000, title: "an empty transaction" },
  modify: { count: 2000, title: "read, modify, write" },
};
const IN_FLIGHT = [64, 256];
const PIPELINED = 60_000;

/** Writes what is read, and has the daemon's runtime get used to each kind of request before any is measured. */
async function prepare(bed: Bed, modes: readonly string[], quick: boolean): Promise<void> {
  await bed.time("prepare", 1, 0);
  if (!quick) { for (const mode of modes) await bed.time(mode, 1, WARM_UP); }
}

async function onPlacement({ runtimes, stores, quick, print }: Context, placement: Placement): Promise<void> {
  const daemons = findDaemons(runtimes);
  const [client] = runtimes;
  if (client === undefined) return;
  const results = await runDaemons(daemons, quick ? 1 : ROUNDS, stores, placement, client, async (bed) => {
    await prepare(bed, Object.keys(MODES), quick);
    const sample: Record<string, number> = {};
    for (const [mode, { count }] of Object.entries(MODES)) {
      const requests = quick ? 100 : count;
      sample[mode] = await bed.time(mode, requests, requests / 10);
    }
    return sample;
  });
  for (const [mode, { title }] of Object.entries(MODES)) {
    const rows = daemons.map(({ name }) =>
      comparison(results, name, mode, PEER, name.startsWith("tsxs") ? 1 : undefined)
    );
    print(table([`${title}, ${PLACEMENTS[placement]}`, "us each", `x ${PEER}`, ""], rows));
  }
}

/** Single requests. */
export const daemonRequestsSeries: Series = {
  name: "daemon-requests",
  title: "The daemon: requests one after another, by the C binding",
  async run(context) {
    for (const placement of context.stores.placements.slice(0, context.quick ? 1 : 2)) {
      await onPlacement(context, placement);
    }
  },
};

/** Many concurrent requests. */
export const daemonManySeries: Series = {
  name: "daemon-many",
  title: "The daemon: many reads in flight, by our client",
  async run({ runtimes, stores, quick, print }) {
    const daemons = findDaemons(runtimes, quick);
    const [client] = runtimes;
    const placement = stores.placements.at(-1);
    if (client === undefined || placement === undefined) return;
    const results = await runDaemons(daemons, quick ? 1 : ROUNDS, stores, placement, client, async (bed) => {
      await prepare(bed, ["read"], quick);
      const sample: Record<string, number> = {};
      for (const inFlight of IN_FLIGHT) {
        const count = `${quick ? 1000 : PIPELINED}`;
        const { us, daemon }: Sample = await bed.run(variant(client, "many", `${inFlight}`, count, DAEMON));
        sample[`us ${inFlight}`] = us ?? NaN;
        sample[`cpu ${inFlight}`] = daemon ?? NaN;
      }
      return sample;
    });
    for (const inFlight of IN_FLIGHT) {
      const [us, cpu] = [`us ${inFlight}`, `cpu ${inFlight}`];
      const rows = daemons.map(({ name }) => [
        name,
        spreadText(results.spread(name, us)),
        spreadText(results.spread(name, cpu)),
        spreadText(results.ratio(name, cpu, PEER)),
        spreadText(results.ratio(name, us, PEER)),
      ]);
      const title = `${inFlight} in flight, ${PLACEMENTS[placement]}`;
      print(table([title, "us each", "daemon's CPU us", `x ${PEER}`, `us x ${PEER}`], rows));
    }
  },
};
