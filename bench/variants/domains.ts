// One list of all domains by a fresh process: how long it takes. Argument: `list` or `count`.

import { connect } from "../../mod.ts";
import { countDomains, listDomains } from "../../src/domains/mod.ts";
import { argument, microseconds, ownCpu, report } from "./measure.ts";

await using store = await connect();
const own = ownCpu();
let domains = 0;
const us = await microseconds(1, async () => {
  domains = argument(0) === "count" ? await countDomains(store) : (await listDomains(store)).length;
});
report({ ms: us / 1000, cpu: (ownCpu() - own) / 1000, domains });
