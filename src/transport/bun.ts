// Unix sockets on Bun, through Bun.connect.

import { codedError } from "../wire/system_errors.ts";
import { refusalOf } from "./refusal_bun.ts";
import { checkSocketPath } from "./socket_path.ts";
import { Unsent } from "../wire/unsent.ts";
import { type OpenOptions, type Receiver, SOCKET_TRAITS, type Transport } from "./transport.ts";

/** The part of Bun's API that is used here, so that type checks on other runtimes do not need Bun's types. */
export interface UnixSocket {
  /** Returns the number of bytes that were taken, which may be a part or none; -1 if the socket is closed. */
  write(bytes: Uint8Array): number;
  end(): void;
  terminate(): void;
  ref(): void;
  unref(): void;
}

/** What Bun calls back with. */
export interface Handlers {
  open(socket: UnixSocket): void;
  data(socket: UnixSocket, bytes: Uint8Array): void;
  drain(socket: UnixSocket): void;
  end(socket: UnixSocket): void;
  error(socket: UnixSocket, error: Error): void;
  close(socket: UnixSocket, error?: Error): void;
}

/** Bun's global. */
export interface BunApi {
  connect(options: { unix: string; socket: Handlers }): Promise<unknown>;
}
declare const Bun: BunApi;

/** Connects to the Unix socket at `path`. Rejects with the system's `code`. */
export async function openUnix(path: string, { signal }: OpenOptions = {}): Promise<Transport> {
  signal?.throwIfAborted();
  checkSocketPath(path);
  const transport = new BunTransport();
  try {
    await Bun.connect({ unix: path, socket: transport.handlers });
  } catch (error) {
    throw refusalOf(path, error);
  }
  if (signal?.aborted) {
    void transport.close();
    throw signal.reason;
  }
  return transport;
}

class BunTransport implements Transport {
  readonly traits = SOCKET_TRAITS;
  #socket: UnixSocket | null = null;
  #receiver: Receiver | null = null;
  #closed = false;
  #error: unknown;
  /** Bytes that came before start(). */
  #early: Uint8Array[] = [];
  /** Bytes that the socket did not take, in order: Bun does not keep them. */
  readonly #waiting = new Unsent();

  readonly handlers: Handlers = {
    open: (socket) => void (this.#socket = socket),
    data: (_socket, bytes) => {
      if (this.#receiver !== null) this.#receiver.receive(bytes);
      else if (!this.#closed) this.#early.push(new Uint8Array(bytes));
    },
    drain: () => this.#waiting.drain((bytes) => this.#write(bytes)),
    end: (socket) => void socket.end(),
    error: (_socket, error) => void (this.#error = error),
    close: (_socket, error) => this.#end(error ?? this.#error),
  };

  start(receiver: Receiver): void {
    this.#receiver = receiver;
    // The receiver may close within any of these calls.
    for (const bytes of this.#early.splice(0)) this.#receiver?.receive(bytes);
    if (this.#closed) queueMicrotask(() => this.#receiver?.ended(this.#error));
  }

  send(bytes: Uint8Array): void {
    if (this.#closed) return;
    const taken = this.#waiting.length > 0 ? 0 : this.#write(bytes);
    if (taken < bytes.length) this.#waiting.push(bytes.slice(taken));
  }

  close(): Promise<void> {
    this.#receiver = null;
    this.#closed = true;
    this.#waiting.clear();
    this.#socket?.terminate();
    return Promise.resolve();
  }

  ref(): void {
    this.#socket?.ref();
  }

  unref(): void {
    this.#socket?.unref();
  }

  /** Returns the number of bytes that the socket took. A closed socket returns -1; its close handler reports that. */
  #write(bytes: Uint8Array): number {
    return Math.max(0, this.#socket?.write(bytes) ?? 0);
  }

  #end(cause: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#error = cause ?? codedError("EPIPE", "the store closed the connection");
    this.#receiver?.ended(this.#error);
  }
}
