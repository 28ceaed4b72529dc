// What the daemon says of itself, switched by CONTROL's `log`.

import { operationName } from "../../wire/operations.ts";
import type { Connection } from "./domains.ts";

/** The kinds of lines that can be switched. */
export type LogSwitch = "obj" | "io" | "wrl" | "acc" | "tdb";

/** Lines of text, for whoever takes them. */
export class ControlLog {
  /** Whether lines are written at all, but for those that CONTROL's `print` asks for. */
  enabled = false;
  /** What is written then. */
  readonly switches: Set<LogSwitch> = new Set(["obj", "io"]);
  readonly #write: ((line: string) => void) | null;

  /** Passes its lines to `write`. An error of `write` is rethrown asynchronously, outside of the daemon. */
  constructor(write: ((line: string) => void) | null) {
    this.#write = write;
  }

  /** Writes a line. */
  write(line: string): void {
    try {
      this.#write?.(line);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  /** Writes what a connection asked for and was answered. */
  exchange({ id, domid }: Connection, type: number, request: string, replyType: number, reply: string): void {
    if (!this.enabled || this.#write === null || !this.switches.has("io")) return;
    this.write(`connection ${id} (domain ${domid}): ${operationName(type)} ${quoted(request)}`);
    this.write(`connection ${id} (domain ${domid}): -> ${operationName(replyType)} ${quoted(reply)}`);
  }
}

function quoted(payload: string): string {
  return JSON.stringify(payload.replaceAll("\0", " ").trimEnd());
}
