// Listening on a Unix socket on Deno, through Deno.listen: node:net up to 2.9.5 closes each socket twice.

import { DenoLine, type UnixConn } from "./line_deno.ts";
import type { AcceptedLine, BoundSocket } from "./listening.ts";

/** What of Deno's own API is used here, so that the other runtimes' checkers need none of its types. */
interface UnixListener {
  accept(): Promise<UnixConn>;
  close(): void;
  ref(): void;
  unref(): void;
}
declare const Deno: {
  listen(options: { transport: "unix"; path: string }): UnixListener;
  connect(options: { transport: "unix"; path: string }): Promise<UnixConn>;
};

/** How many milliseconds to wait after an accept that fails: without descriptors, each one fails immediately. */
const PAUSE_MS = 50;

/** Binds a new Unix socket at `path`, and listens on it. Rejects with the system's error. */
export function bindUnix(path: string, onAccept: (line: AcceptedLine) => void): Promise<BoundSocket> {
  return new Promise((resolve) => resolve(new DenoSocket(Deno.listen({ transport: "unix", path }), onAccept)));
}

/** Connects to the Unix socket at `path`, and disconnects. Rejects with the system's error. */
export async function probeUnix(path: string): Promise<void> {
  const probe = await Deno.connect({ transport: "unix", path });
  probe.close();
}

class DenoSocket implements BoundSocket {
  readonly #listener: UnixListener;
  readonly #accepting: Promise<void>;
  #isClosed = false;

  constructor(listener: UnixListener, onAccept: (line: AcceptedLine) => void) {
    this.#listener = listener;
    this.#accepting = this.#accept(onAccept);
  }

  close(): Promise<void> {
    this.#isClosed = true;
    // The descriptor is closed when the pending accept ends, for which an unreferenced listener would not wait.
    this.#listener.ref();
    this.#listener.close();
    return this.#accepting;
  }

  unref(): void {
    this.#listener.unref();
  }

  async #accept(onAccept: (line: AcceptedLine) => void): Promise<void> {
    while (!this.#isClosed) {
      const conn = await this.#listener.accept().catch(() => null);
      if (conn !== null) onAccept(new DenoLine(conn));
      else if (!this.#isClosed) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}
