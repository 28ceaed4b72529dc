// The command that runs: what it may use of the terminal, and its end by Ctrl-C.

import process from "node:process";
import type { Surroundings } from "../context.ts";
import type { Ending, Invocation } from "../invocation.ts";
import type { Transport } from "../../transport/transport.ts";

/** What the shell gives a command, except for what does not depend on its end. */
export type Cancellable = Omit<Surroundings, "names" | "connection">;

const INTERRUPT = "SIGINT";
const NEWLINE = new Uint8Array([0x0a]);
const LONG_MS = 2 ** 31 - 1;
const TERMINATE = "SIGTERM";

/** Runs commands one after the other. */
export class Running {
  /** What the shell itself uses. */
  readonly invocation: Invocation;
  readonly #isInteractive: boolean;
  readonly #onInterrupt = (): void => this.#cancel();
  #cancel: () => void = () => {};
  #alive: ReturnType<typeof setInterval> | undefined;
  /** Resolves when nothing of the earlier commands is left in the store. */
  #closed: Promise<unknown> = Promise.resolve();

  /**
   * Without a terminal, signals end the process as usual. With one, SIGTERM does that after a call of `restore`. SIGHUP
   * tells that the terminal is gone, so that nothing is left to restore: Node 20 would fail to.
   */
  constructor(invocation: Invocation, isInteractive: boolean, restore: () => void) {
    this.invocation = invocation;
    this.#isInteractive = isInteractive;
    if (!isInteractive) return;
    // Neither an embedded store nor a listener of signals keeps the process alive.
    this.#alive = setInterval(() => {}, LONG_MS);
    process.on(INTERRUPT, this.#onInterrupt);
    const end = (): void => {
      restore();
      process.off(TERMINATE, end);
      process.kill(process.pid, TERMINATE);
    };
    process.on(TERMINATE, end);
  }

  /** Runs a command until it ends, or until Ctrl-C. */
  async run(command: (surroundings: Cancellable) => Promise<Ending>): Promise<Ending> {
    if (!this.#isInteractive) {
      return await command({
        invocation: this.invocation,
        cancelled: new Promise(() => {}),
        closing: (closed) => closed,
      });
    }
    const control = new AbortController();
    const { signal } = control;
    const cancelled = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    const opened: Transport[] = [];
    this.#cancel = () => {
      if (!signal.aborted) this.invocation.writeOutput(NEWLINE);
      control.abort();
    };
    try {
      await Promise.race([this.#closed, cancelled]);
      return await command({
        invocation: this.#invocationOf(signal, opened),
        cancelled,
        closing: async (closed) => {
          this.#closed = Promise.all([this.#closed, closed]);
          await Promise.race([closed, cancelled]);
        },
      });
    } finally {
      this.#cancel = () => {};
      if (signal.aborted) { for (const transport of opened) void transport.close().catch(() => {}); }
    }
  }

  /** Ends the care for Ctrl-C. */
  close(): void {
    process.off(INTERRUPT, this.#onInterrupt);
    clearInterval(this.#alive);
  }

  /** A command that was given up writes nothing more. */
  #invocationOf(signal: AbortSignal, opened: Transport[]): Invocation {
    const { invocation } = this;
    return {
      ...invocation,
      writeOutput: (bytes) => signal.aborted || invocation.writeOutput(bytes),
      writeError: (bytes) => signal.aborted || invocation.writeError(bytes),
      open: async (address) => {
        const found = await invocation.open(address);
        opened.push(found.transport);
        return found;
      },
      // The first Ctrl-C is a signal to the command, and the next one gives it up.
      signalled: () =>
        new Promise((resolve) => {
          const giveUp = this.#cancel;
          this.#cancel = () => {
            this.#cancel = giveUp;
            this.invocation.writeOutput(NEWLINE);
            resolve(INTERRUPT);
          };
        }),
    };
  }
}
