// The first walk of a fresh process, with the values. Arguments: where from; the daemon's process id.

import { connect } from "../../mod.ts";
import { argument, cpuOf, microseconds, ownCpu, report } from "./measure.ts";

await using store = await connect();
const [top, daemon] = [argument(0), argument(1)];
let nodes = 0;
let bytes = 0;
const [own, others] = [ownCpu(), cpuOf(daemon)];
const us = await microseconds(1, async () => {
  for await (const { value } of store.walk(top)) {
    nodes++;
    bytes += value?.length ?? 0;
  }
});
report({
  ms: us / 1000,
  client: (ownCpu() - own) / 1000,
  daemon: (cpuOf(daemon) - others) / 1000,
  nodes,
  bytes,
});
