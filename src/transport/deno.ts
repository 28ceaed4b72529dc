// Unix sockets on Deno, through Deno.connect.

import { Fifo } from "../wire/fifo.ts";
import { codedError, codeOf } from "../wire/system_errors.ts";
import { systemError } from "./errors.ts";
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
  const conn = await Deno.connect({ transport: "unix", path }).catch((error: unknown) => {
    throw withCode(error);
  });
  if (signal?.aborted) {
    conn.close();
    throw signal.reason;
  }
  return new DenoTransport(conn);
}

/** Adds the code to an error of Deno. It gives none to errors without a class, but their text ends with the number. */
export function withCode(error: unknown): unknown {
  if (!(error instanceof Error) || codeOf(error) !== undefined) return error;
  const [, errno] = /\(os error (\d+)\)$/.exec(error.message) ?? [];
  return errno === undefined ? error : systemError(Number(errno), "connect");
}

class DenoTransport implements Transport {
  readonly traits = SOCKET_TRAITS;
  readonly #conn: UnixConn;
  #receiver: Receiver | null = null;
  #closing: Promise<void> | null = null;
  #receiving: Promise<void> | null = null;
  /** Bytes that wait for the write in flight: Deno allows one write at a time. */
  readonly #waiting = new Fifo<Uint8Array>();
  #writing: Promise<void> | null = null;

  constructor(conn: UnixConn) {
    this.#conn = conn;
  }

  start(receiver: Receiver): void {
    this.#receiver = receiver;
    this.#receiving = this.#receive(receiver);
  }

  send(bytes: Uint8Array): void {
    if (this.#closing !== null) return;
    this.#waiting.push(bytes.slice());
    this.#writing ??= this.#write();
  }

  close(): Promise<void> {
    this.#receiver = null;
    return this.#closing ??= this.#close();
  }

  /** Deno closes the descriptor when the last operation on it has ended. */
  async #close(): Promise<void> {
    this.#conn.close();
    await Promise.all([this.#receiving, this.#writing]);
  }

  ref(): void {
    if (this.#closing === null) this.#conn.ref();
  }

  unref(): void {
    if (this.#closing === null) this.#conn.unref();
  }

  async #receive(receiver: Receiver): Promise<void> {
    // One buffer serves every read: the receiver copies the bytes that it keeps.
    const buffer = new Uint8Array(RECEIVE_SIZE);
    try {
      for (;;) {
        const length = await this.#conn.read(buffer);
        if (this.#closing !== null) return;
        if (length === null) throw codedError("EPIPE", "the store closed the connection");
        receiver.receive(buffer.subarray(0, length));
      }
    } catch (error) {
      this.#end(error);
    }
  }

  async #write(): Promise<void> {
    try {
      for (let bytes = this.#waiting.shift(); bytes !== undefined; bytes = this.#waiting.shift()) {
        // A write may take a part of the bytes.
        let done = 0;
        do done += await this.#conn.write(bytes.subarray(done)); while (done < bytes.length);
      }
    } catch (error) {
      this.#end(error);
    }
    this.#writing = null;
  }

  #end(cause: unknown): void {
    const receiver = this.#receiver;
    void this.close();
    receiver?.ended(cause);
  }
}
