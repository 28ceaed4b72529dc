// Unix sockets in a temporary directory, and the bytes that a transport receives.

import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openTransport } from "../../src/transport/open.ts";
import { SOCKET_PATH_MAX } from "../../src/transport/socket_path.ts";
import type { Transport } from "../../src/transport/transport.ts";
import { bytes, concat } from "./bytes.ts";

/** Runs with a new directory, whose path is short enough for sockets, and removes it afterwards. */
export async function inDirectory<T>(run: (directory: string) => Promise<T>): Promise<T> {
  const base = tmpdir().length + "/tsxs-XXXXXX/socket".length > SOCKET_PATH_MAX ? "/tmp" : tmpdir();
  const directory = mkdtempSync(join(base, "tsxs-"));
  try {
    return await run(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** A server on a Unix socket. A test takes its connections one by one. */
export class Listener implements AsyncDisposable {
  readonly path: string;
  readonly #server: Server;
  readonly #sockets: Socket[] = [];
  readonly #untaken: Socket[] = [];
  readonly #takers: ((socket: Socket) => void)[] = [];

  private constructor(path: string, server: Server) {
    this.path = path;
    this.#server = server;
    server.on("connection", (socket) => {
      socket.on("error", () => {});
      // Nothing is read until the test reads.
      socket.pause();
      this.#sockets.push(socket);
      const taker = this.#takers.shift();
      if (taker === undefined) this.#untaken.push(socket);
      else taker(socket);
    });
  }

  static listen(path: string): Promise<Listener> {
    return new Promise((resolve, reject) => {
      const server = createServer({ allowHalfOpen: false }).once("error", reject);
      const listener = new Listener(path, server);
      server.listen(path, () => resolve(listener));
    });
  }

  /** The next connection. */
  accept(): Promise<Socket> {
    const socket = this.#untaken.shift();
    if (socket !== undefined) return Promise.resolve(socket);
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

/** Runs a test with a new server. */
export async function withListener(run: (listener: Listener) => Promise<void>): Promise<void> {
  await inDirectory(async (directory) => {
    const listener = await Listener.listen(join(directory, "socket"));
    try {
      await run(listener);
    } finally {
      await listener[Symbol.asyncDispose]();
    }
  });
}

/** Reads exactly so many bytes. */
export function readBytes(socket: Socket, length: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let have = 0;
    const take = (chunk: Uint8Array) => {
      chunks.push(new Uint8Array(chunk));
      have += chunk.length;
      if (have < length) return;
      socket.off("data", take).pause();
      resolve(concat(chunks));
    };
    socket.on("data", take).once("close", () => reject(new Error(`closed after ${have} bytes`))).resume();
  });
}

/** Writes bytes. Resolves when the system has taken all of them. */
export function write(socket: Socket, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(bytes, (error) => error === null || error === undefined ? resolve() : reject(error));
  });
}

/** Collects what a transport receives. */
export class Inbox {
  /** The causes passed to ended(). */
  readonly ends: unknown[] = [];
  readonly #chunks: Uint8Array[] = [];
  #length = 0;
  #wanted: { length: number; resolve: () => void } | null = null;
  #onEnd: () => void = () => {};
  /** Resolves at the first end. */
  readonly ended: Promise<void> = new Promise((resolve) => this.#onEnd = resolve);

  constructor(transport: Transport, onReceive: () => void = () => {}) {
    transport.start({
      receive: (bytes) => {
        this.#chunks.push(new Uint8Array(bytes));
        this.#length += bytes.length;
        onReceive();
        if (this.#wanted !== null && this.#length >= this.#wanted.length) this.#wanted.resolve();
      },
      ended: (cause) => {
        this.ends.push(cause);
        this.#onEnd();
      },
    });
  }

  /** The number of received bytes. */
  get length(): number {
    return this.#length;
  }

  /** Resolves with all received bytes, when they are at least so many. */
  async bytes(length: number): Promise<Uint8Array> {
    if (this.#length < length) await new Promise<void>((resolve) => this.#wanted = { length, resolve });
    return concat(this.#chunks);
  }
}

/** Opens a transport to the listener. */
export async function open(listener: Listener, signal?: AbortSignal): Promise<Transport> {
  return (await openTransport(`unix:${listener.path}`, { signal })).transport;
}

/** Waits for a round trip on another connection. Until then the runtime has handled this one, too. */
export async function elsewhere(listener: Listener): Promise<void> {
  const transport = await open(listener);
  const server = await listener.accept();
  const inbox = new Inbox(transport);
  await write(server, bytes("x"));
  await inbox.bytes(1);
  await transport.close();
}
