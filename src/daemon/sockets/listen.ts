// Listens on a Unix socket by the API of the runtime that this is, and serves the connections.

import type { LineUser, Serve } from "./line.ts";
import type { AcceptedLine, BoundSocket, ListeningAdapter } from "./listening.ts";

/** Loads the adapter of this runtime. */
async function loadAdapter(): Promise<ListeningAdapter> {
  return "Deno" in globalThis
    ? await import("./listen_deno.ts")
    : "Bun" in globalThis
    ? await import("./listen_bun.ts")
    : await import("./listen_node.ts");
}

/** Binds a new Unix socket at `path`, and serves each connection. Rejects with the system's error. */
export async function listenUnix(path: string, serve: Serve): Promise<Listening> {
  const { bindUnix } = await loadAdapter();
  const lines = new Lines(serve);
  return new Listening(await bindUnix(path, (line) => lines.accept(line)), lines);
}

/** Connects to the Unix socket at `path`, and disconnects. Rejects with the system's error. */
export async function probeUnix(path: string): Promise<void> {
  const adapter = await loadAdapter();
  await adapter.probeUnix(path);
}

/** A Unix socket on which this process listens, and its connections. */
export class Listening {
  readonly #socket: BoundSocket;
  readonly #lines: Lines;
  #closed: Promise<unknown> | null = null;

  /** Takes a socket, and the lines of its connections. */
  constructor(socket: BoundSocket, lines: Lines) {
    this.#socket = socket;
    this.#lines = lines;
  }

  /** Keeps no process alive from now on, nor do the connections. */
  unref(): void {
    this.#socket.unref();
    this.#lines.unref();
  }

  /** Stops listening, ends the connections, and resolves when all have ended. Closing twice is fine. */
  async close(): Promise<void> {
    this.#closed ??= Promise.all([this.#socket.close(), this.#lines.end()]);
    await this.#closed;
  }
}

/** The lines of a socket's connections. */
class Lines {
  readonly #serve: Serve;
  readonly #lines = new Set<AcceptedLine>();
  #isUnref = false;
  #isEnded = false;

  constructor(serve: Serve) {
    this.#serve = serve;
  }

  /** Serves a connection, or ends it if it has no user. */
  accept(line: AcceptedLine): void {
    if (this.#isEnded) return line.close();
    let user: LineUser;
    try {
      user = this.#serve(line);
    } catch {
      // A guest's socket, and the guest is about to go.
      return line.close();
    }
    this.#lines.add(line);
    if (this.#isUnref) line.unref();
    line.start(user, () => this.#lines.delete(line));
  }

  unref(): void {
    this.#isUnref = true;
    for (const line of this.#lines) line.unref();
  }

  async end(): Promise<void> {
    this.#isEnded = true;
    await Promise.all([...this.#lines].map((line) => line.end()));
  }
}
