// The interface of the adapters that listen on a Unix socket.

import type { Line, LineUser } from "./line.ts";

/** How many bytes a line keeps beyond those that the system takes before it counts as full. */
export const ROOM = 65536;

/** The line of an accepted connection. */
export interface AcceptedLine extends Line {
  /** Starts to receive; `onOver` is called when the connection has ended, whoever ended it. Called at most once. */
  start(user: LineUser, onOver: () => void): void;
  /** Ends the connection as `close()` does, but tells the user. Resolves when the connection has ended. */
  end(): Promise<void>;
  /** From now on, the connection keeps no process alive. */
  unref(): void;
}

/** A Unix socket on which a runtime listens. */
export interface BoundSocket {
  /** Accepts no more connections, and resolves when the socket is closed. Called at most once. */
  close(): Promise<void>;
  /** From now on, the socket keeps no process alive. */
  unref(): void;
}

/** A runtime's way to listen. */
export interface ListeningAdapter {
  /**
   * Binds a new Unix socket at `path`, and listens on it. Rejects with the system's error.
   *
   * No child process inherits the socket or a connection.
   */
  bindUnix(path: string, onAccept: (line: AcceptedLine) => void): Promise<BoundSocket>;
  /** Connects to the Unix socket at `path`, and disconnects. Rejects with the system's error. */
  probeUnix(path: string): Promise<void>;
}
