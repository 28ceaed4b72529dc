// Unix sockets on Node, through net.connect.

import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";
import { codedError } from "../wire/system_errors.ts";
import { checkSocketPath } from "./socket_path.ts";
import { type OpenOptions, type Receiver, SOCKET_TRAITS, type Transport } from "./transport.ts";

const RECEIVE_SIZE = 65536;

/** Connects to the Unix socket at `path`. Rejects with the system's `code`. */
export function openUnix(path: string, { signal }: OpenOptions = {}): Promise<Transport> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    checkSocketPath(path);
    const transport = new NodeTransport(path, (error) => {
      signal?.removeEventListener("abort", abort);
      if (error === null) return resolve(transport);
      reject(error);
    });
    const abort = () => {
      void transport.close();
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", abort, { once: true });
  });
}

class NodeTransport implements Transport {
  readonly traits = SOCKET_TRAITS;
  readonly #socket: Socket;
  #receiver: Receiver | null = null;
  #error: Error | null = null;

  constructor(path: string, opened: (error: Error | null) => void) {
    // One buffer serves every read: the receiver copies the bytes that it keeps.
    const onread = {
      buffer: new Uint8Array(RECEIVE_SIZE),
      callback: (length: number, buffer: Uint8Array): boolean => {
        this.#receiver?.receive(buffer.subarray(0, length));
        return true;
      },
    };
    this.#socket = connect({ path, onread });
    this.#socket.once("connect", () => {
      this.#socket.pause();
      opened(null);
    });
    this.#socket.on("error", (error) => {
      this.#error = error;
      opened(error);
    });
    this.#socket.on("close", () => {
      this.#receiver?.ended(this.#error ?? codedError("EPIPE", "the store closed the connection"));
    });
  }

  start(receiver: Receiver): void {
    this.#receiver = receiver;
    if (this.#socket.destroyed) return queueMicrotask(() => receiver.ended(this.#error ?? undefined));
    this.#socket.resume();
  }

  send(bytes: Uint8Array): void {
    // The socket may keep the bytes. A Buffer comes from a pool: it needs no memory of its own, and no second view.
    if (!this.#socket.destroyed) this.#socket.write(Buffer.from(bytes));
  }

  close(): Promise<void> {
    this.#receiver = null;
    this.#socket.destroy();
    return Promise.resolve();
  }

  ref(): void {
    this.#socket.ref();
  }

  unref(): void {
    this.#socket.unref();
  }
}
