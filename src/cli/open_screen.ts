// The screen of the terminal at standard output, by the global `process`, which Node, Bun and Deno have.

import { builtin } from "../transport/builtin.ts";
import { byteString } from "./bytes.ts";
import type { Screen } from "./invocation.ts";
import { writeAll } from "./printer.ts";

/** The part of the global `process` that is used here. Deno's own API cannot end the raw mode while keys are read. */
interface Process {
  readonly stdin: {
    readonly isTTY?: boolean;
    setRawMode(isRaw: boolean): void;
    on(event: "data", listener: (bytes: Uint8Array) => void): void;
    pause(): void;
  };
  readonly stdout: { readonly fd: number; readonly rows?: number; readonly columns?: number };
  on(signal: string, listener: () => void): void;
  off(signal: string, listener: () => void): void;
}

/** The size of a terminal that does not know its own. */
const [ROWS, COLUMNS] = [24, 80];

/** Opens the screen. Keys are read if standard input is a terminal. */
export function openScreen(onKeys: (keys: string) => void, onResize: () => void): Screen {
  const { process } = globalThis as unknown as { readonly process: Process };
  const { stdin, stdout } = process;
  const { writeSync } = builtin("node:fs");
  const hasKeys = stdin.isTTY === true;
  // The size is used before, so that the runtime's listener, which takes the new size, comes first.
  const size = () => ({ rows: stdout.rows || ROWS, columns: stdout.columns || COLUMNS });
  size();
  process.on("SIGWINCH", onResize);
  if (hasKeys) {
    stdin.setRawMode(true);
    stdin.on("data", (bytes) => onKeys(byteString(bytes)));
  }
  return {
    size,
    write: (bytes) => writeAll((rest) => writeSync(stdout.fd, rest), bytes),
    close: () => {
      process.off("SIGWINCH", onResize);
      if (!hasKeys) return;
      stdin.setRawMode(false);
      stdin.pause();
    },
  };
}
