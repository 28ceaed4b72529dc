// A server on a Unix socket that answers from a small tree, whose names may be any bytes.

import { createServer, type Socket } from "node:net";
import { type Handler, Peer } from "./peer.ts";

/** Listens at a path, and passes every request of every connection to a function. */
export async function serveAt(path: string, handler: Handler): Promise<AsyncDisposable> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const peer = new Peer();
    peer.serve(handler);
    peer.transport.start({ receive: (bytes) => void socket.write(bytes.slice()), ended: () => void socket.end() });
    socket.on("data", (bytes) => peer.transport.send(new Uint8Array(bytes)));
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
