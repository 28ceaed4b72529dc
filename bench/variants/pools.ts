// Bringing all states of a directory to a pool over SSH. Arguments: the directory, the location, the configuration of SSH.

import process from "node:process";
import { Hosts, TransferOps } from "../../src/pools/mod.ts";
import { argument, microseconds, ownCpu, report } from "./measure.ts";

const hosts = new Hosts({ sshConfig: argument(2) });
await using ops = new TransferOps(argument(0), hosts);
// Each run has a pool of its own.
const location = `${argument(1)}/${process.pid}`;
const cpu = ownCpu();
const time = await microseconds(1, () => ops.uploadAll({ location, object: "guest" }));
report({ ms: time / 1000, cpu: (ownCpu() - cpu) / 1000, memory: process.resourceUsage().maxRSS / 1024 });
