// How to make a client of pyxs, and the connection that it is to have.

import type { BlockingOptions } from "../../src/blocking/transport.ts";
import { PacketConnection, UnixSocketConnection, XenBusConnection } from "./connection.ts";
import type { Router } from "./router.ts";

/** How to make a client. */
export interface ClientOptions extends BlockingOptions {
  /** The path of the store's socket. */
  readonly unix_socket_path?: string | null | undefined;
  /** The path of the XenBus device, taken where no socket is given. */
  readonly xen_bus_path?: string | null | undefined;
  /** A connection that other clients have as well. */
  readonly router?: Router | null | undefined;
  /** Any store: `"embedded:"`, `"unix:/path"`. Not in pyxs. */
  readonly address?: string | undefined;
}

/** The connection that the options ask for. */
export function connectionOf(options: ClientOptions): PacketConnection {
  const { unix_socket_path, xen_bus_path, address, transport, spin } = options;
  const how = { transport, spin };
  if (address !== undefined) return new PacketConnection(address, how);
  return unix_socket_path || !xen_bus_path
    ? new UnixSocketConnection(unix_socket_path, how)
    : new XenBusConnection(xen_bus_path, how);
}
