// Makes and ends domains, one after the other, until its input ends: `SOCKET FIRST COUNT`. Prints how many it made.

import process from "node:process";
import { connect } from "../../mod.ts";
import { endDomain, type MadeDomain, makeDomain, someDomain } from "../support/domains.ts";

const [, , socket = "", first = "", count = ""] = process.argv;
let isOver = false;
process.stdin.resume().on("end", () => isOver = true);
await using client = await connect(`unix:${socket}`);
const living: (MadeDomain | null)[] = Array.from({ length: Number(count) }, () => null);
let made = 0;
for (let turn = 0; !isOver; turn++) {
  // Each number is used again and again, by another domain each time.
  const at = (turn * 7 + Math.floor(turn / 5)) % living.length;
  const domain = living[at] ?? null;
  if (domain === null) {
    made++;
    const newest = someDomain(Number(first) + at, 100_000 + made);
    living[at] = newest;
    await makeDomain(client, newest);
  } else if (turn % 3 === 0) {
    // Of some domains the home outlives the end.
    living[at] = null;
    await client.releaseDomain(domain.id);
    await endDomain(client, domain, false);
  } else {
    living[at] = null;
    await endDomain(client, domain);
  }
  if (made === 1 && domain === null) console.log("the first");
}
console.log(made);
