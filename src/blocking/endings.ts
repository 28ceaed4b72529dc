// What is to be done at the end of the process, by one listener for all: runtimes warn of many.

import process from "node:process";

/** The process's own, since no module has state. */
const endings = Symbol.for("tsxs.blocking.endings");

/** What is to be done: put in, and taken out where that is over. */
export function atExit(): Set<() => void> {
  const holder = globalThis as { [endings]?: Set<() => void> };
  if (holder[endings] !== undefined) return holder[endings];
  const all = holder[endings] = new Set<() => void>();
  process.on("exit", () => {
    for (const run of all) run();
  });
  return all;
}
