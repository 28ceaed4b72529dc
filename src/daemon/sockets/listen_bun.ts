// Listening on a Unix socket on Bun, through Bun.listen.

import { refusalOf } from "../../transport/refusal_bun.ts";
import { codeOf } from "../../wire/system_errors.ts";
import { BunLine, type UnixSocket } from "./line_bun.ts";
import type { AcceptedLine, BoundSocket } from "./listening.ts";
import { Reserve, shortage } from "./reserve.ts";

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
  const reserve = new Reserve();
  const handlers: Handlers = {
    open(socket) {
      socket.data = new BunLine(socket);
      if (reserve.admits()) onAccept(socket.data);
      else socket.terminate();
    },
    data: (socket, bytes) => socket.data.received(bytes),
    drain: (socket) => socket.data.drained(),
    end: (socket) => socket.data.received(null),
    // "close" follows.
    error: () => {},
    close: (socket) => socket.data.over(),
  };
  return new Promise((resolve) => {
    try {
      resolve(new BunSocket(Bun.listen({ unix: path, socket: handlers, allowHalfOpen: true }), reserve));
    } catch (error) {
      reserve.close();
      // The error has no code if the process has no descriptor left.
      throw (codeOf(error) === undefined ? shortage() : null) ?? error;
    }
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
  readonly #reserve: Reserve;

  constructor(listener: UnixListener, reserve: Reserve) {
    this.#listener = listener;
    this.#reserve = reserve;
  }

  close(): Promise<void> {
    this.#listener.stop();
    this.#reserve.close();
    return Promise.resolve();
  }

  unref(): void {
    this.#listener.unref();
  }
}
