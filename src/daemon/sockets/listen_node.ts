// Listening on a Unix socket on Node, through net.createServer.

import { connect, createServer, type Server } from "node:net";
import { NodeLine } from "./line_node.ts";
import { type AcceptedLine, type BoundSocket, ROOM } from "./listening.ts";

/** How many connections may wait to be accepted. */
const BACKLOG = 1024;

/** Binds a new Unix socket at `path`, and listens on it. Rejects with the system's error. */
export function bindUnix(path: string, onAccept: (line: AcceptedLine) => void): Promise<BoundSocket> {
  return new Promise((resolve, reject) => {
    const server = createServer({ highWaterMark: ROOM }, (socket) => onAccept(new NodeLine(socket)));
    server.once("error", reject);
    server.listen({ path, backlog: BACKLOG }, () => {
      // An error of a later connection is that connection's, and closes it.
      server.off("error", reject).on("error", () => {});
      resolve(new NodeSocket(server));
    });
  });
}

/** Connects to the Unix socket at `path`, and disconnects. Rejects with the system's error. */
export function probeUnix(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = connect(path);
    probe.once("error", reject).once("connect", () => {
      probe.off("error", reject).on("error", () => {}).destroy();
      resolve();
    });
  });
}

class NodeSocket implements BoundSocket {
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  unref(): void {
    this.#server.unref();
  }
}
