// A list of all domains with their fields, beside a loop of pyxs that reads the same nodes one after another.

import { connect } from "../../mod.ts";
import { makeDomains, someDomain } from "../../tests/support/domains.ts";
import { python, variant } from "../programs.ts";
import { type Placement, runRounds } from "../rounds.ts";
import { table } from "../table.ts";
import { comparison, type Context, PLACEMENTS, type Series } from "./series.ts";

const ROUNDS = 3;
const COUNT = 5000;
const QUICK = 50;

async function onPlacement({ runtimes, stores, quick, print }: Context, placement: Placement) {
  const peer = python("pyxs", "domains", `${quick ? QUICK : COUNT}`);
  const programs = [
    peer,
    ...runtimes.flatMap((runtime) =>
      ["list", "count"].map((mode) => {
        const program = variant(runtime, "domains", mode);
        return { ...program, name: `${program.name}, ${mode}` };
      })
    ),
  ];
  const results = await runRounds(programs, quick ? 1 : ROUNDS, stores, placement);
  const rows = programs.map(({ name }) => comparison(results, name, "ms", peer.name));
  print(table([PLACEMENTS[placement], "ms", `x ${peer.name}`, ""], rows));
}

/** Lists of domains. */
export const domainsSeries: Series = {
  name: "domains",
  title: "A list of 5,000 domains, with what the store tells of each, and their number alone",
  async run(context) {
    const domains = Array.from({ length: context.quick ? QUICK : COUNT }, (_, i) => someDomain(i + 1));
    const clients = await Promise.all(context.stores.sockets.map((socket) => connect(`unix:${socket}`)));
    try {
      for (const client of clients) await makeDomains(client, domains, 0);
      for (const placement of context.stores.placements) await onPlacement(context, placement);
    } finally {
      for (const client of clients) {
        await client.delete("/local/domain");
        await client.close();
      }
    }
  },
};
