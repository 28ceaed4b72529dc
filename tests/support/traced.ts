// Runs `trace` on a socket in the process of the test, before a store on a Unix socket.

import { join } from "node:path";
import { openStream } from "../../src/cli/trace/open_stream.ts";
import { type Ran, run } from "./invocation.ts";

const never = (): never => {
  throw new Error("connected without a stream");
};

/** A socket that is traced. */
export class Traced implements AsyncDisposable {
  /** The path of the socket. */
  readonly path: string;
  readonly #ended: Promise<Ran>;
  readonly #signal: (signal: string) => void;

  /** Starts to trace the store at an address, at a socket in a directory. The trace is in JSON without options. */
  static async start(address: string, directory: string, options: readonly string[] = ["--json"]): Promise<Traced> {
    const path = join(directory, "traced");
    let signal: (name: string) => void = () => {};
    const signalled = new Promise<string>((resolve) => signal = resolve);
    let onReady: () => void = () => {};
    const ready = new Promise<void>((resolve) => onReady = resolve);
    let stderr = "";
    const writeError = (bytes: Uint8Array): void => {
      stderr += new TextDecoder().decode(bytes);
      if (stderr.includes("listening on ")) onReady();
    };
    const words = ["tsxs", "-a", address, "trace", "--socket", path, ...options];
    const ended = run(never, words, { openStream, signalled, writeError }).then((ran) => ({ ...ran, stderr }));
    const early = ended.then((ran) => {
      throw new Error(`trace ended with ${ran.ending}: ${ran.stderr}`);
    });
    await Promise.race([ready, early]);
    early.catch(() => {});
    return new Traced(path, ended, signal);
  }

  private constructor(path: string, ended: Promise<Ran>, signal: (signal: string) => void) {
    this.path = path;
    this.#ended = ended;
    this.#signal = signal;
  }

  /** Ends the trace by a signal, and resolves with what it printed. */
  stop(): Promise<Ran> {
    this.#signal("SIGTERM");
    return this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
