// The stores of the addresses "embedded:" and "embedded:NAME": daemons of this process that start and close by
// themselves.

import { processWide } from "../transport/process_wide.ts";
import type { Transport } from "../transport/transport.ts";
import { Daemon } from "./daemon.ts";

/** What is used of a daemon that another copy of this package may have made. */
type Shared = Pick<Daemon, "connect" | "close">;

/**
 * Connects to the embedded store with a name, as domain 0. The first connection makes the store, and the last one ends
 * it. Without a name, the store is new and has this connection alone.
 */
export function openEmbedded(name: string): Promise<Transport> {
  if (name === "") {
    const own: Shared = new Daemon({ onIdle: () => void own.close() });
    return Promise.resolve(own.connect());
  }
  const stores = processWide("embedded", () => new Map<string, Shared>());
  let store = stores.get(name);
  if (store === undefined) {
    const made: Shared = new Daemon({
      onIdle: () => {
        stores.delete(name);
        void made.close();
      },
    });
    stores.set(name, store = made);
  }
  return Promise.resolve(store.connect());
}
