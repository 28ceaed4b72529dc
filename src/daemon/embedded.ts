// What the addresses "embedded:" and "embedded:NAME" lead to: daemons of this process that nobody has to start or to
// close.

import { processWide } from "../transport/process_wide.ts";
import type { Transport } from "../transport/transport.ts";
import { Daemon } from "./daemon.ts";

/** What is used of a daemon that another copy of this package may have made. */
type Shared = Pick<Daemon, "connect" | "close">;

/**
 * Connects to the store of this process that has the name, as domain 0. It is made when it is connected to, and is gone
 * with its last connection. Without a name, it is a store that nobody else can connect to.
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
