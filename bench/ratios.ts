// The ratios that `npm run bench:held` holds: what measures each, on how many CPUs, and its margin.

import { MARGINS } from "./margin.ts";

/** What is measured together, in the same rounds. */
export type Group =
  | "requests"
  | "requests on two CPUs"
  | "blocking"
  | "many"
  | "many on two CPUs"
  | "walk"
  | "walk on two CPUs"
  | "events"
  | "embedded"
  | "daemons";

/** One ratio to a peer. */
export interface Ratio {
  /** Its name in held.json. */
  readonly name: string;
  readonly group: Group;
  /** How many CPUs the machine needs for it. */
  readonly cpus: 1 | 2;
  readonly margin: number;
}

function on(group: Group, name: string, margin: number = MARGINS.oneCpu): Ratio {
  return { name, group, cpus: 1, margin };
}

function onTwo(group: Group, name: string, margin: number = MARGINS.twoCpus): Ratio {
  return { name, group, cpus: 2, margin };
}

/** All ratios. */
export const RATIOS: readonly Ratio[] = [
  on("requests", "read, by xen.lowlevel.xs"),
  on("requests", "write, by xen.lowlevel.xs"),
  on("requests", "empty transaction, by xen.lowlevel.xs"),
  on("requests", "read, modify, write, by xen.lowlevel.xs"),
  onTwo("requests on two CPUs", "read on two CPUs, by xen.lowlevel.xs", MARGINS.waking),
  onTwo("requests on two CPUs", "polling read on two CPUs, by xen.lowlevel.xs", MARGINS.waking),
  onTwo("requests on two CPUs", "polling read on two CPUs, by one without"),
  on("blocking", "blocking read, by xen.lowlevel.xs"),
  on("many", "256 in flight, CPU by the daemon's"),
  onTwo("many on two CPUs", "256 in flight on two CPUs, CPU by the daemon's"),
  on("walk", "walk, CPU by the daemon's"),
  onTwo("walk on two CPUs", "walk on two CPUs, CPU by the daemon's"),
  on("events", "events of a monitor, CPU by the daemon's"),
  on("embedded", "embedded read of any of 100,000 nodes, by 1,000"),
  on("embedded", "embedded write of any of 100,000 nodes, by 1,000"),
  on("embedded", "embedded heap of a node, by 200 bytes", MARGINS.bytes),
  on("daemons", "read and write of the daemon, by xenstored's"),
  on("daemons", "50 life cycles of the daemon, by oxenstored's"),
];
