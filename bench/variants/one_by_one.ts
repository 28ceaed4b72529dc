// One request after another: each is sent when the one before it was answered. Arguments: mode, count, count to warm
// up, or lists of them with commas; to poll, for how many microseconds, and the CPU to pin this process to after that
// was decided.

import { execFileSync } from "node:child_process";
import process from "node:process";
import { type Client, connect } from "../../mod.ts";
import { argument, microseconds, report } from "./measure.ts";

const modes: Readonly<Record<string, (store: Client, count: number) => Promise<void>>> = {
  async read(store, count) {
    for (let i = 0; i < count; i++) await store.read("/bench/value");
  },
  async write(store, count) {
    for (let i = 0; i < count; i++) await store.write("/bench/written", "hello");
  },
  async transaction(store, count) {
    for (let i = 0; i < count; i++) {
      const transaction = await store.transaction();
      await transaction.commit();
    }
  },
  async modify(store, count) {
    for (let i = 0; i < count; i++) {
      await store.transact(async (transaction) => {
        const before = await transaction.readText("/bench/count");
        await transaction.write("/bench/count", `${Number(before) + 1}`);
      });
    }
  },
  async watch(store, count) {
    await using monitor = store.monitor();
    await monitor.watch("/bench/watched");
    const events = monitor.wait();
    await events.next();
    const writes: Promise<void>[] = [];
    for (let i = 0; i < count; i++) writes.push(store.write(`/bench/watched/${i}`, "1"));
    for (let i = 0; i < count; i++) await events.next();
    await Promise.all(writes);
  },
};

const names = argument(0).split(",");
const [counts, warmUps] = [1, 2].map((position) => argument(position).split(",").map(Number));
const [poll, cpu] = process.argv.slice(5);
await using store = await connect(undefined, poll === undefined ? {} : { poll: Number(poll) });
if (cpu !== undefined) execFileSync("taskset", ["--all-tasks", "--cpu-list", "--pid", cpu, `${process.pid}`]);
const result: Record<string, number> = {};
for (const [i, name] of names.entries()) {
  const [run, count, warmUp] = [modes[name], counts?.[i], warmUps?.[i]];
  if (run === undefined) throw new Error(`no such mode: ${name}`);
  if (count === undefined || warmUp === undefined) throw new Error(`no counts for ${name}`);
  await run(store, warmUp);
  result[names.length === 1 ? "us" : name] = await microseconds(count, () => run(store, count));
}
report(result);
