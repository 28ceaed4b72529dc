// The options of pyxs's client, and its connection.

import { BLOCKING_OPTIONS, type BlockingOptions } from "../../src/blocking/transport.ts";
import { checkOptions, type OptionNames } from "../../src/wire/checks.ts";
import { PacketConnection, UnixSocketConnection, XenBusConnection } from "./connection.ts";
import type { Router } from "./router.ts";

/** The options of a client. */
export interface ClientOptions extends BlockingOptions {
  /**
   * The path of the store's socket.
   *
   * @default the socket that libxenstore finds
   */
  readonly unix_socket_path?: string | null | undefined;
  /**
   * The path of the XenBus device, used if no socket is given.
   *
   * @default the socket is used
   */
  readonly xen_bus_path?: string | null | undefined;
  /**
   * A connection that other clients share.
   *
   * @default a connection of its own
   */
  readonly router?: Router | null | undefined;
  /**
   * The address of any store, such as `"embedded:"` or `"unix:/path"`. Not in pyxs.
   *
   * @default the paths decide
   */
  readonly address?: string | undefined;
}

const CLIENT_OPTIONS: OptionNames<ClientOptions> = {
  ...BLOCKING_OPTIONS,
  unix_socket_path: true,
  xen_bus_path: true,
  router: true,
  address: true,
};

/** Throws a `TypeError` if an option of a client is unknown. */
export function checkClientOptions(options: ClientOptions): void {
  checkOptions("Client", options, CLIENT_OPTIONS);
}

/** Makes the connection that the options describe. */
export function connectionOf(options: ClientOptions): PacketConnection {
  const { unix_socket_path, xen_bus_path, address, transport, spin } = options;
  const how = { transport, spin };
  if (address !== undefined) return new PacketConnection(address, how);
  return unix_socket_path || !xen_bus_path
    ? new UnixSocketConnection(unix_socket_path, how)
    : new XenBusConnection(xen_bus_path, how);
}
