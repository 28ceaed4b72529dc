// A client that stays connected until its input ends, and that others are slowed down by. Arguments: what, how many.

import process from "node:process";
import { type Client, connect, type Monitor } from "../../mod.ts";
import { argument } from "./measure.ts";

/** Takes the events as they come. */
async function consume(monitor: Monitor): Promise<void> {
  for await (const _ of monitor.wait());
}

/** One more connection that stays; it was answered, for the C daemon lets only one wait to be let in. */
async function connected(): Promise<Client> {
  const store = await connect();
  await store.exists("/bench/value");
  kept.push(store);
  return store;
}

const kept: Client[] = [];
const kinds: Readonly<Record<string, (count: number) => Promise<void>>> = {
  /** Connections that have spoken once. */
  async idle(count) {
    for (let i = 0; i < count; i++) await connected();
  },
  /** Watches of one connection, each of a node that no client writes. */
  async watches(count) {
    const monitor = (await connected()).monitor();
    void consume(monitor);
    await Promise.all(Array.from({ length: count }, (_, i) => monitor.watch(`/bench/unrelated/${i}`)));
  },
  /** Connections that watch one node each, the same one. */
  async watchers(count) {
    for (let i = 0; i < count; i++) {
      const monitor = (await connected()).monitor();
      void consume(monitor);
      await monitor.watch("/bench/written");
    }
  },
  /** Open transactions of one connection, each of which has written a node of its own. */
  async transactions(count) {
    const store = await connected();
    for (let i = 0; i < count; i++) {
      const transaction = await store.transaction();
      await transaction.write(`/bench/open/${i}`, "hello");
    }
  },
};

await kinds[argument(0)]?.(Number(argument(1)));
console.log("ready");
process.stdin.resume();
process.stdin.once("end", () => process.exit());
