// The common base of the contract's tests: a client, and a path that no other test uses.

import { after, before } from "node:test";
import type { Client, MonitorEvent } from "../../mod.ts";
import type { Running, Store } from "./store.ts";

/** A store, two clients, and paths that no other test uses. */
export interface Scratch {
  readonly running: Running;
  readonly client: Client;
  readonly other: Client;
  /** A path below the base path of these tests. */
  path(name: string): string;
}

/** Opens the store before the tests of the current suite, and closes it after them. */
export function scratch(store: Store, part: string): Scratch {
  let opened: { running: Running; client: Client; other: Client } | null = null;
  const base = `${store.base}/${part}`;
  const get = () => {
    if (opened === null) throw new Error("the store is not open: a test ran outside its suite");
    return opened;
  };
  before(async () => {
    const running = await store.open();
    opened = { running, client: await running.connect(), other: await running.connectOther() };
    await opened.client.mkdir(base);
  });
  after(async () => {
    const { running, client, other } = get();
    await client.delete(base);
    await client.close();
    await other.close();
    await running[Symbol.asyncDispose]();
  });
  return {
    get client() {
      return get().client;
    },
    get other() {
      return get().other;
    },
    get running() {
      return get().running;
    },
    path: (name) => `${base}/${name}`,
  };
}

/** Takes events until `enough` returns true, and returns them all. */
export async function collect(
  events: AsyncIterable<MonitorEvent>,
  enough: (events: MonitorEvent[]) => boolean,
): Promise<MonitorEvent[]> {
  const taken: MonitorEvent[] = [];
  for await (const event of events) {
    taken.push(event);
    if (enough(taken)) return taken;
  }
  throw new Error(`the events ended after ${JSON.stringify(taken)}`);
}

/** The paths of events, in order, without repetitions. */
export function paths(events: readonly MonitorEvent[]): string[] {
  return [...new Set(events.flatMap((event) => event.type === "change" ? [event.path] : []))];
}

/** Takes events up to the first one with this path. */
export async function until(events: AsyncIterable<MonitorEvent>, path: string): Promise<MonitorEvent[]> {
  return await collect(events, (taken) => {
    const last = taken.at(-1);
    return last?.type === "change" && last.path === path;
  });
}
