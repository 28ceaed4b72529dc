// The calls to make at the exit of the process, with one listener for all: runtimes warn of many.

import { processWide } from "../transport/process_wide.ts";

/** The set of calls. A call is removed when it is no longer needed. */
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
