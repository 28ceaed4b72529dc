// Monitors and their events in the notation of the tests.

import type { Monitor } from "../../src/client/monitor.ts";
import type { WatchOptions } from "../../src/client/watch.ts";
import type { MonitorEvent } from "../../src/client/watch_events.ts";
import type { Handler, Peer } from "./peer.ts";

/** Sets a watch, which the peer answers. Resolves with the token on the wire. */
export async function watch(
  peer: Peer,
  monitor: Monitor,
  path: string,
  token?: string,
  options?: WatchOptions,
): Promise<string> {
  const watching = monitor.watch(path, token, options);
  const request = await peer.next();
  const [, wireToken] = request.strings;
  request.ok();
  await watching;
  return wireToken ?? "";
}

/** An event in one line: `"/a t"`, `"3 lost"`, `"reconnected"`. */
export function inShort(event: MonitorEvent | undefined): string {
  if (event === undefined) return "none";
  if (event.type === "change") return `${event.path} ${event.token}`;
  return event.type === "overflow" ? `${event.lost} lost` : event.type;
}

/** Takes the next events, in short, without those of type resync; `"end"` stands for the end. */
export async function take(events: AsyncIterator<MonitorEvent>, count: number): Promise<string[]> {
  const taken: string[] = [];
  while (taken.length < count) {
    const { done, value } = await events.next();
    if (done || value.type !== "resync") taken.push(done ? "end" : inShort(value));
  }
  return taken;
}

/** Answers as a store with depths. `set` has the tokens of its watches. */
export function serveWatches(set: Set<string>): Handler {
  return (request) => {
    const [, token = ""] = request.strings;
    if (request.text.startsWith("GET_FEATURE ")) return request.reply("14");
    if (request.text.startsWith("WATCH ")) set.add(token);
    if (request.text.startsWith("UNWATCH ") && !set.delete(token)) request.error("ENOENT");
    else request.ok();
  };
}
