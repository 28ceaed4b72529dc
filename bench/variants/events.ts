// Events of a watch, as fast as a daemon sends them: another process writes. Arguments: the writer, count, the daemon's id.

import { spawn } from "node:child_process";
import { connect } from "../../mod.ts";
import { argument, cpuOf, ownCpu, report } from "./measure.ts";

const WARM_UP = 10_000;
const [writerScript, daemon] = [argument(0), argument(2)];

/** Takes the events of `count` writes; returns how many came. */
async function take(count: number): Promise<number> {
  let taken = 0;
  await using monitor = store.monitor();
  await monitor.watch("/bench/watched", undefined, { initial: false });
  const writer = spawn("/usr/bin/python3", [writerScript, `${count}`], { stdio: ["ignore", "inherit", "inherit"] });
  const ended = new Promise<number | null>((resolve) => writer.once("close", resolve));
  for await (const event of monitor) {
    if (event.type !== "change") throw new Error(`events were lost: ${JSON.stringify(event)}`);
    taken++;
    if (event.path === "/bench/watched/end") break;
  }
  if (await ended !== 0) throw new Error("the writer failed");
  return taken;
}

const count = Number(argument(1));
await using store = await connect();
await take(Math.min(count, WARM_UP));

const [own, others, start] = [ownCpu(), cpuOf(daemon), performance.now()];
const events = await take(count);
const us = (performance.now() - start) * 1000 / events;
report({ events, us, client: (ownCpu() - own) / events, daemon: (cpuOf(daemon) - others) / events });
