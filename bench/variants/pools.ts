// Bringing all states of a directory to a pool over SSH. Arguments: the directory, the location, the configuration of SSH.

import process from "node:process";
import { Hosts, StateFiles, TransferOps } from "../../src/pools/mod.ts";
import { argument, microseconds, ownCpu, report } from "./measure.ts";

const AT_ONCE = 16;
const hosts = new Hosts({ sshConfig: argument(2) });
const states = await StateFiles.local(argument(0)).states("guest");
await using ops = new TransferOps(argument(0), hosts);
// Each run has a pool of its own.
const location = `${argument(1)}/${process.pid}`;
const cpu = ownCpu();
const time = await microseconds(1, async () => {
  const left = states.values();
  const upload = async (): Promise<void> => {
    for (const state of left) await ops.upload({ location, object: "guest", state });
  };
  await Promise.all(Array.from({ length: AT_ONCE }, upload));
});
report({ ms: time / 1000, cpu: (ownCpu() - cpu) / 1000, memory: process.resourceUsage().maxRSS / 1024 });
