// The address of a store, and what opens a transport to it.

import { ConnectionError } from "../transport/errors.ts";
import { type Opened, openTransport } from "../transport/open.ts";
import type { Transport } from "../transport/transport.ts";

/**
 * The address of a store, or a way to reach one.
 *
 * - A text: `"unix:/path"`, `"xenbus:/path"`, `"embedded:"` or `"embedded:NAME"`.
 * - An open transport.
 * - A function that opens a transport each time that the client connects.
 *
 * Without an address the client searches as libxenstore does: what `XENSTORED_PATH` names, then the socket in
 * `XENSTORED_RUNDIR` or `/var/run/xenstored`, then the XenBus device of the platform.
 */
export type StoreAddress = string | Transport | (() => Promise<Transport> | Transport);

/** Opens a transport. */
export type Connector = (signal: AbortSignal) => Promise<Opened>;

/** Returns what opens the transport of an address. An address of text may poll, for microseconds. */
export function connector(address: StoreAddress | undefined, poll: number = 0): Connector {
  if (address === undefined || typeof address === "string") {
    return async (signal) => await openTransport(address, { signal, poll });
  }
  if (typeof address === "function") {
    return async () => {
      try {
        return { transport: await address(), address: "transport" };
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new ConnectionError(`cannot open a transport: ${reason}`, { cause: error });
      }
    };
  }
  let used = false;
  return () => {
    if (used) {
      return Promise.reject(
        new ConnectionError("the transport was used before: give a function that opens a transport"),
      );
    }
    used = true;
    return Promise.resolve({ transport: address, address: "transport" });
  };
}
