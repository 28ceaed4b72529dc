// The bytes of the heap in use, after a collection of all garbage.

import process from "node:process";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Collects all garbage. Returns the bytes of the heap that are left. */
export async function heapInUse(): Promise<number> {
  if ("Bun" in globalThis) {
    const { gcAndSweep, heapSize } = await import("bun:jsc");
    gcAndSweep();
    return heapSize();
  }
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  collect();
  return process.memoryUsage().heapUsed;
}
