// The events of a watch, as fast as the daemon sends them: the client's CPU time for each, beside the daemon's.

import { pythonEvents, variant, WRITER } from "../programs.ts";
import { DAEMON, type Placement, runRounds } from "../rounds.ts";
import { spreadText, table } from "../table.ts";
import { type Context, PLACEMENTS, type Series, verdict } from "./series.ts";

const ROUNDS = 5;
const COUNT = 100_000;
const PEER = "xen.lowlevel.xs";
/** The client's CPU time for an event, by the daemon's for a write and its event: at most as much keeps up with it. */
const GOAL = 1;

async function onPlacement({ runtimes, stores, quick, print }: Context, placement: Placement) {
  const args = [WRITER, `${quick ? COUNT / 20 : COUNT}`, DAEMON];
  const programs = [
    pythonEvents(PEER, ...args),
    pythonEvents("pyxs", ...args),
    ...runtimes.map((runtime) => variant(runtime, "events", ...args)),
  ];
  const results = await runRounds(programs, quick ? 1 : ROUNDS, stores, placement);
  const rows = programs.map(({ name }) => {
    const share = results.ratio(name, "client", name, "daemon");
    const spreads = ["us", "client", "daemon"].map((key) => spreadText(results.spread(name, key)));
    const byPeer = spreadText(results.ratio(name, "client", PEER));
    return [name, ...spreads, byPeer, spreadText(share), name.startsWith("tsxs") ? verdict(share.median, GOAL) : ""];
  });
  const heading = [PLACEMENTS[placement], "us each", "client's CPU us", "daemon's CPU us", `CPU x ${PEER}`];
  print(table([...heading, "client's / daemon's", ""], rows));
}

/** Many events. */
export const eventsSeries: Series = {
  name: "events",
  title: "The events of 100,000 writes by another process, 64 of them in flight, taken from a monitor",
  async run(context) {
    for (const placement of context.stores.placements) await onPlacement(context, placement);
  },
};
