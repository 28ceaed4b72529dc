// What is to be done at the end of the process, by one listener for all: runtimes warn of many.

import { processWide } from "../transport/process_wide.ts";

/** What is to be done: put in, and taken out where that is over. */
export function atExit(): Set<() => void> {
  return processWide("blocking.endings", () => {
    const all = new Set<() => void>();
    const { process } = globalThis as unknown as { readonly process: { on(event: "exit", run: () => void): void } };
    process.on("exit", () => {
      for (const run of all) run();
    });
    return all;
  });
}
