// A socket in front of a store that holds back the replies from a certain one on.

import { Buffer } from "node:buffer";
import { connect, createServer, type Socket } from "node:net";

const HEADER = 16;
const LENGTH_AT = 12;

/** A proxy that listens. */
export interface HoldingProxy extends AsyncDisposable {
  /** Resolves when the store has sent the message that is held. */
  readonly held: Promise<void>;
}

/** Listens at `path`, and forwards each connection to the socket `target`, but only `count` - 1 messages of the store. */
export async function startHoldingProxy(path: string, target: string, count: number): Promise<HoldingProxy> {
  const sockets = new Set<Socket>();
  let hold: () => void = () => {};
  const held = new Promise<void>((resolve) => hold = resolve);
  const server = createServer((client) => {
    const store = connect(target);
    for (const socket of [client, store]) sockets.add(socket.on("error", () => {}));
    client.pipe(store);
    let left = count - 1;
    let bytes = Buffer.alloc(0);
    store.on("data", (chunk: Uint8Array) => {
      bytes = Buffer.concat([bytes, chunk]);
      while (bytes.length >= HEADER && bytes.length >= HEADER + bytes.readUInt32LE(LENGTH_AT)) {
        if (left-- <= 0) return hold();
        const end = HEADER + bytes.readUInt32LE(LENGTH_AT);
        client.write(bytes.subarray(0, end));
        bytes = bytes.subarray(end);
      }
    });
    store.on("close", () => client.destroy());
    client.on("close", () => store.destroy());
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    held,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
