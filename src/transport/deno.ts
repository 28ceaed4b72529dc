// Unix sockets on Deno, through Deno.connect.

import { codedError } from "../wire/system_errors.ts";
import { checkSocketPath } from "./socket_path.ts";
import { type OpenOptions, type Receiver, SOCKET_TRAITS, type Transport } from "./transport.ts";

/** The part of Deno's API that is used here, so that type checks on other runtimes do not need Deno's types. */
interface UnixConn {
  read(buffer: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  close(): void;
  ref(): void;
  unref(): void;
}
declare const Deno: {
  connect(options: { transport: "unix"; path: string }): Promise<UnixConn>;
};

const RECEIVE_SIZE = 65536;

/** Connects to the Unix socket at `path`. Rejects with the system's `code`. */
export async function openUnix(path: string, { signal }: OpenOptions = {}): Promise<Transport> {
  signal?.throwIfAborted();
  checkSocketPath(path);
  const conn = await Deno.connect({ transport: "unix", path });
  if (signal?.aborted) {
    conn.close();
    throw signal.reason;
  }
  return new DenoTransport(conn);
}

class DenoTransport implements Transport {
  readonly traits = SOCKET_TRAITS;
  readonly #conn: UnixConn;
  #receiver: Receiver | null = null;
  #closed = false;
  /** Bytes that wait for the write in flight: Deno allows one write at a time. */
  #waiting: Uint8Array[] = [];
  #writing = false;

  constructor(conn: UnixConn) {
    this.#conn = conn;
  }

  start(receiver: Receiver): void {
    this.#receiver = receiver;
    void this.#receive(receiver);
  }

  send(bytes: Uint8Array): void {
    if (this.#closed) return;
    this.#waiting.push(bytes.slice());
    if (!this.#writing) void this.#write();
  }

  close(): Promise<void> {
    this.#receiver = null;
    if (!this.#closed) this.#conn.close();
    this.#closed = true;
    return Promise.resolve();
  }

  ref(): void {
    if (!this.#closed) this.#conn.ref();
  }

  unref(): void {
    if (!this.#closed) this.#conn.unref();
  }

  async #receive(receiver: Receiver): Promise<void> {
    // One buffer serves every read: the receiver copies the bytes that it keeps.
    const buffer = new Uint8Array(RECEIVE_SIZE);
    try {
      for (;;) {
        const length = await this.#conn.read(buffer);
        if (this.#closed) return;
        if (length === null) throw codedError("EPIPE", "the store closed the connection");
        receiver.receive(buffer.subarray(0, length));
      }
    } catch (error) {
      this.#end(error);
    }
  }

  async #write(): Promise<void> {
    this.#writing = true;
    try {
      for (let bytes = this.#waiting.shift(); bytes !== undefined; bytes = this.#waiting.shift()) {
        // A write may take a part of the bytes.
        for (let done = 0; done < bytes.length;) done += await this.#conn.write(bytes.subarray(done));
      }
    } catch (error) {
      this.#end(error);
    }
    this.#writing = false;
  }

  #end(cause: unknown): void {
    const receiver = this.#receiver;
    void this.close();
    receiver?.ended(cause);
  }
}
