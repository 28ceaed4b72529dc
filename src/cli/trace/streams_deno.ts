// Streams on Deno, by its own API: node:net up to 2.9.5 closes each socket twice.

import { checkSocketPath } from "../../transport/socket_path.ts";
import type { ByteStream } from "./byte_stream.ts";
import type { Bound } from "./listening.ts";

/** The part of Deno's API that is used here, so that type checks on other runtimes do not need Deno's types. */
interface UnixConn {
  read(buffer: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  closeWrite(): Promise<void>;
  close(): void;
}
interface UnixListener {
  accept(): Promise<UnixConn>;
  close(): void;
}
declare const Deno: {
  connect(options: { transport: "unix"; path: string }): Promise<UnixConn>;
  listen(options: { transport: "unix"; path: string }): UnixListener;
};

const RECEIVE_SIZE = 65536;
/** How many milliseconds to wait after an accept that fails: without descriptors, each one fails immediately. */
const PAUSE_MS = 50;

/** Connects to the socket at a path. Rejects with the system's error. */
export async function connect(path: string): Promise<ByteStream> {
  checkSocketPath(path);
  try {
    return new ConnStream(await Deno.connect({ transport: "unix", path }));
  } catch (error) {
    const { withCode } = await import("../../transport/deno.ts");
    throw withCode(error);
  }
}

/** Binds a new socket at a path, and calls `onStream` for each connection. */
export function bind(path: string, onStream: (stream: ByteStream) => void): Promise<Bound> {
  return new Promise((resolve) => resolve(new Accepting(Deno.listen({ transport: "unix", path }), onStream)));
}

class Accepting implements Bound {
  readonly #listener: UnixListener;
  readonly #done: Promise<void>;
  #isClosed = false;

  constructor(listener: UnixListener, onStream: (stream: ByteStream) => void) {
    this.#listener = listener;
    this.#done = this.#accept(onStream);
  }

  close(): Promise<void> {
    if (!this.#isClosed) this.#listener.close();
    this.#isClosed = true;
    return this.#done;
  }

  async #accept(onStream: (stream: ByteStream) => void): Promise<void> {
    while (!this.#isClosed) {
      const conn = await this.#listener.accept().catch(() => null);
      if (conn !== null) onStream(new ConnStream(conn));
      else if (!this.#isClosed) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}

class ConnStream implements ByteStream {
  readonly #conn: UnixConn;
  readonly #buffer = new Uint8Array(RECEIVE_SIZE);
  #isClosed = false;

  constructor(conn: UnixConn) {
    this.#conn = conn;
  }

  async read(): Promise<Uint8Array | null> {
    const length = await this.#conn.read(this.#buffer);
    return length === null ? null : this.#buffer.subarray(0, length);
  }

  async write(bytes: Uint8Array): Promise<void> {
    // A write may take a part of the bytes.
    for (let done = 0; done < bytes.length;) done += await this.#conn.write(bytes.subarray(done));
  }

  async end(): Promise<void> {
    // The peer may have closed the connection.
    await this.#conn.closeWrite().catch(() => {});
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#conn.close();
  }
}
