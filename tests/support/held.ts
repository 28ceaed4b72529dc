// A process of its own that holds a daemon, on the runtime that runs the test.

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { commandOf } from "./program.ts";

const program = fileURLToPath(new URL("held_daemon.ts", import.meta.url));

/** The process: it ends with the test. */
export class HeldDaemon implements AsyncDisposable {
  readonly directory: string;
  readonly socket: string;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #ended: Promise<void>;

  private constructor(directory: string, child: ChildProcessWithoutNullStreams) {
    this.directory = join(directory, "store");
    this.socket = join(directory, "socket");
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    this.#ended = new Promise((resolve) => child.once("close", () => resolve()));
    child.stderr.resume();
  }

  /** Starts it in a directory, with at most so many descriptors. */
  static async start(directory: string, descriptors = 1024): Promise<HeldDaemon> {
    const limited = ["-c", `ulimit -n ${descriptors} && exec "$@"`, "sh", ...commandOf(program), directory];
    const held = new HeldDaemon(directory, spawn("sh", limited, { stdio: "pipe" }));
    await held.#answer();
    return held;
  }

  /** Lets it do something, and returns its answer. */
  tell(order: string): Promise<string> {
    this.#child.stdin.write(`${order}\n`);
    return this.#answer();
  }

  /** Kills it, and resolves when it has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }

  async #answer(): Promise<string> {
    const { done, value } = await this.#lines.next();
    if (done === true) throw new Error("the process with the daemon has ended");
    return value;
  }
}
