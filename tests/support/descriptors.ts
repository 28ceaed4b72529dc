// The descriptors of this process, as Linux lists them.

import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Whether this system lists the descriptors. */
export const hasDescriptors: boolean = existsSync("/proc/self/fd") && existsSync("/proc/net/unix");

/** The number of open Unix sockets without a name: the ends of clients, not those of servers. */
export function clientSockets(): number {
  const unnamed = new Set<string>();
  for (const line of readFileSync("/proc/net/unix", "latin1").split("\n").slice(1)) {
    const [, , , , , , inode, path] = line.trim().split(/\s+/);
    if (inode !== undefined && path === undefined) unnamed.add(`socket:[${inode}]`);
  }
  return readdirSync("/proc/self/fd").filter((fd) => unnamed.has(targetOf(fd))).length;
}

function targetOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    // The descriptor of the listing itself.
    return "";
  }
}
