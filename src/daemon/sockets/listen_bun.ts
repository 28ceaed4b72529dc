// Listening on a Unix socket on Bun, through Bun.listen.

import { refusalOf } from "../../transport/refusal_bun.ts";
import { BunLine, type UnixSocket } from "./line_bun.ts";
import type { AcceptedLine, BoundSocket } from "./listening.ts";

/** What of Bun's own API is used here, so that the other runtimes' checkers need none of its types. */
interface Handlers {
  open(socket: UnixSocket): void;
  data(socket: UnixSocket, bytes: Uint8Array): void;
  drain(socket: UnixSocket): void;
  end(socket: UnixSocket): void;
  error(socket: UnixSocket, error: Error): void;
  close(socket: UnixSocket): void;
}
interface UnixListener {
  stop(): void;
  unref(): void;
}
interface UnixOptions {
  readonly unix: string;
  readonly socket: Partial<Handlers>;
  readonly allowHalfOpen?: boolean;
}
declare const Bun: {
  listen(options: UnixOptions): UnixListener;
  connect(options: UnixOptions): Promise<UnixSocket>;
};

/** Binds a new Unix socket at `path`, and listens on it. Rejects with the system's error. */
export function bindUnix(path: string, onAccept: (line: AcceptedLine) => void): Promise<BoundSocket> {
  const handlers: Handlers = {
    open(socket) {
      socket.data = new BunLine(socket);
      onAccept(socket.data);
    },
    data: (socket, bytes) => socket.data.received(bytes),
    drain: (socket) => socket.data.drained(),
    end: (socket) => socket.data.received(null),
    // "close" follows.
    error: () => {},
    close: (socket) => socket.data.over(),
  };
  return new Promise((resolve) => {
    resolve(new BunSocket(Bun.listen({ unix: path, socket: handlers, allowHalfOpen: true })));
  });
}

/** Connects to the Unix socket at `path`, and disconnects. Rejects with the system's error. */
export async function probeUnix(path: string): Promise<void> {
  try {
    const probe = await Bun.connect({ unix: path, socket: { data: () => {} } });
    probe.terminate();
  } catch (error) {
    // A daemon whose backlog is full is alive.
    throw refusalOf(path, error);
  }
}

class BunSocket implements BoundSocket {
  readonly #listener: UnixListener;

  constructor(listener: UnixListener) {
    this.#listener = listener;
  }

  close(): Promise<void> {
    this.#listener.stop();
    return Promise.resolve();
  }

  unref(): void {
    this.#listener.unref();
  }
}
