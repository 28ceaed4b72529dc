// Streams on Node, by node:net. Bun uses them as well.

import { connect as connectSocket, createServer, type Socket } from "node:net";
import { checkSocketPath } from "../../transport/socket_path.ts";
import { Fifo } from "../../wire/fifo.ts";
import { codedError } from "../../wire/system_errors.ts";
import type { ByteStream } from "./byte_stream.ts";
import type { Bound } from "./listening.ts";

/** How many connections may wait to be accepted. */
const BACKLOG = 1024;

/** Connects to the socket at a path. Rejects with the system's error. */
export function connect(path: string): Promise<ByteStream> {
  return new Promise((resolve, reject) => {
    checkSocketPath(path);
    const socket = connectSocket({ path, allowHalfOpen: true });
    socket.once("error", reject).once("connect", () => {
      socket.off("error", reject);
      resolve(new SocketStream(socket));
    });
  });
}

/** Binds a new socket at a path, and calls `onStream` for each connection. */
export function bind(path: string, onStream: (stream: ByteStream) => void): Promise<Bound> {
  return new Promise((resolve, reject) => {
    const options = { allowHalfOpen: true, pauseOnConnect: true };
    const server = createServer(options, (socket) => onStream(new SocketStream(socket)));
    server.once("error", reject);
    server.listen({ path, backlog: BACKLOG }, () => {
      // An error of a later connection is that connection's, and closes it.
      server.off("error", reject).on("error", () => {});
      // The callback would wait for the connections.
      resolve({ close: () => Promise.resolve(void server.close()) });
    });
  });
}

class SocketStream implements ByteStream {
  readonly #socket: Socket;
  /** What was received and not read, and `null` for the end. The socket is paused while a part of it waits. */
  readonly #received = new Fifo<Uint8Array | null>();
  #error: Error | null = null;
  #wake: () => void = () => {};

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.pause();
    socket.on("data", (bytes) => {
      socket.pause();
      this.#put(bytes);
    });
    socket.on("end", () => this.#put(null));
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => this.#fail(codedError("EPIPE", "the connection is closed")));
  }

  async read(): Promise<Uint8Array | null> {
    while (this.#received.length === 0) {
      if (this.#error !== null) throw this.#error;
      this.#socket.resume();
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    return this.#received.shift() ?? null;
  }

  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.write(bytes, (error) => error === null || error === undefined ? resolve() : reject(error));
    });
  }

  end(): Promise<void> {
    return new Promise((resolve) => {
      // A socket that is closed already calls back no more.
      if (this.#socket.destroyed) return resolve();
      this.#socket.once("close", () => resolve());
      this.#socket.end(() => resolve());
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #put(bytes: Uint8Array | null): void {
    this.#received.push(bytes);
    this.#wake();
  }

  #fail(error: Error): void {
    this.#error ??= error;
    this.#wake();
  }
}
