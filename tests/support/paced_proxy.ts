// A socket in front of a store whose replies come slowly until they are released.

import { connect, createServer, type Socket } from "node:net";

const PIECE = 64;
const PAUSE_MS = 5;

/** A proxy that listens. */
export interface PacedProxy extends AsyncDisposable {
  /** Lets all replies through as fast as they come. */
  release(): void;
}

/** Listens at `path`, and forwards each connection to the socket `target`. */
export async function startPacedProxy(path: string, target: string): Promise<PacedProxy> {
  const sockets = new Set<Socket>();
  let isReleased = false;
  const forward = async (from: Socket, to: Socket): Promise<void> => {
    for await (const chunk of from) {
      const bytes: Uint8Array = chunk;
      for (let at = 0; at < bytes.length;) {
        const piece = isReleased ? bytes.subarray(at) : bytes.subarray(at, at + PIECE);
        at += piece.length;
        to.write(piece);
        if (!isReleased) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    }
    to.end();
  };
  const server = createServer((client) => {
    const store = connect(target);
    for (const socket of [client, store]) sockets.add(socket.on("error", () => {}));
    client.pipe(store);
    // A connection that ends early ends its forwarding.
    forward(store, client).catch(() => {});
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    release: () => void (isReleased = true),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
