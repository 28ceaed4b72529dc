// Our daemon in the client's own process, and how it bears more and more nodes. Arguments: a list of modes with commas,
// requests, then numbers of nodes.

import process from "node:process";
import { Client } from "../../mod.ts";
import { Daemon } from "../../src/daemon/daemon.ts";
import { heapInUse } from "../../tests/support/heap.ts";
import { argument, cpuMicroseconds, report } from "./measure.ts";
import { nodePath, NODES, nodesWithDirectories, writeNodes } from "./nodes.ts";

/** Visits all numbers below a count of nodes that is no multiple of it, not one after the other. */
const STRIDE = 7919;

const modes: Readonly<Record<string, (count: number, nodes: number) => Promise<void>>> = {
  async transaction(count) {
    for (let i = 0; i < count; i++) await (await store.transaction()).rollback();
  },
  async read(count) {
    for (let i = 0; i < count; i++) await store.read(nodePath(1));
  },
  async write(count) {
    for (let i = 0; i < count; i++) await store.write(nodePath(1), "hello");
  },
  async "read any"(count, nodes) {
    for (let i = 0; i < count; i++) await store.read(nodePath(i * STRIDE % nodes));
  },
  async "write any"(count, nodes) {
    for (let i = 0; i < count; i++) await store.write(nodePath(i * STRIDE % nodes), "hello");
  },
};

const daemon = new Daemon();
await using store = await new Client(daemon.connect({ domid: 0 })).connect();
const chosen = argument(0).split(",");
const requests = Number(argument(1));
const sizes = process.argv.slice(4).map(Number);
const [first = 0] = sizes;
const result: Record<string, number> = {};

async function measure(size: number, suffix: string): Promise<void> {
  for (const mode of chosen) {
    const run = modes[mode];
    if (run === undefined) throw new Error(`no such mode: ${mode}`);
    await run(requests, size);
    result[`${mode} ${suffix}`] = await cpuMicroseconds(requests, () => run(requests, size));
  }
}

// Before the first figure, so that neither the code nor what it has compiled to counts as nodes.
await writeNodes(store, 0, first);
await measure(first, "at first");
await store.delete(NODES);
const before = await heapInUse();
let written = 0;
for (const size of sizes) {
  await writeNodes(store, written, written = size);
  result[`heap ${size}`] = (await heapInUse() - before) / nodesWithDirectories(size);
  await measure(size, `${size}`);
}
// The first measurement again, so that the warm-up of the runtime does not favour a large tree.
await store.delete(NODES);
await writeNodes(store, 0, first);
await measure(first, "again");
report(result);
await daemon.close();
