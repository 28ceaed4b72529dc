// The first walk of a fresh process, with the values. Argument: where from.

import { connect } from "../../mod.ts";
import { argument, microseconds, ownCpu, report } from "./measure.ts";

await using store = await connect();
let nodes = 0;
let bytes = 0;
const own = ownCpu();
const us = await microseconds(1, async () => {
  for await (const { value } of store.walk(argument(0))) {
    nodes++;
    bytes += value?.length ?? 0;
  }
});
report({ ms: us / 1000, cpu: (ownCpu() - own) / 1000, nodes, bytes });
