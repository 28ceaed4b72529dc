// Many reads in flight. Arguments: how many, or "tick" for a thousand in each turn; count; the daemon's process id.

import { type Client, connect } from "../../mod.ts";
import { argument, cpuOf, microseconds, ownCpu, report } from "./measure.ts";

const TICK = 1000;

/** Each reader issues its next request when its last one was answered, so that as many are in flight as there are readers. */
async function keepInFlight(store: Client, readers: number, count: number): Promise<void> {
  let left = count;
  const reader = async (): Promise<void> => {
    while (left-- > 0) await store.read("/bench/value");
  };
  await Promise.all(Array.from({ length: readers }, reader));
}

/** All of a thousand in one turn of the event loop, and the next thousand when all were answered. */
async function inTicks(store: Client, count: number): Promise<void> {
  for (let done = 0; done < count; done += TICK) {
    await Promise.all(Array.from({ length: TICK }, () => store.read("/bench/value")));
  }
}

const shape = argument(0);
const count = Number(argument(1));
const daemon = argument(2);
await using store = await connect();
const run = (count: number): Promise<void> =>
  shape === "tick" ? inTicks(store, count) : keepInFlight(store, Number(shape), count);
await run(Math.min(count, 10_000));

const [own, others] = [ownCpu(), cpuOf(daemon)];
const us = await microseconds(count, () => run(count));
report({ us, client: (ownCpu() - own) / count, daemon: (cpuOf(daemon) - others) / count });
