// What the contract suite needs to know about a store.

import type { Client, ClientOptions } from "../../mod.ts";

/** A running store. */
export interface Running extends AsyncDisposable {
  /** Connects a client. The suite uses one at a time. */
  connect(options?: ClientOptions): Promise<Client>;
  /** Connects another client, with the same rights below the base path. */
  connectOther(): Promise<Client>;
}

/** A store: how it is started, and how it behaves if the protocol allows several ways. */
export interface Store {
  /** Shown in the names of the tests. */
  readonly name: string;
  /** The path below which the tests may write. */
  readonly base: string;
  /** Whether its clients are domain 0. */
  readonly privileged: boolean;
  /** Whether it is reached through the XenBus device. */
  readonly device: boolean;
  /** Whether a directory of any length can be listed. */
  readonly listsAll: boolean;
  /** Whether a guest gets ENOENT for a missing node and EACCES for a hidden one, instead of EACCES for both. */
  readonly tellsMissing: boolean;
  /** The longest value of a node with a short path, in bytes. */
  readonly valueMax: number;
  /** The number of nodes that a client may own. */
  readonly nodesMax: number;
  /** The number of concurrent requests in a test. Lower if the machine is emulated. */
  readonly many: number;
  /** Starts the store. */
  open(): Promise<Running>;
}

/** The properties of a store for domain 0 over a socket. */
export const DOM0: Omit<Store, "name" | "open"> = {
  base: "/tool/tsxs-contract",
  privileged: true,
  device: false,
  listsAll: true,
  tellsMissing: false,
  valueMax: 4096,
  nodesMax: 100_000,
  many: 1000,
};

/** Creates a guest's home as a toolstack does. */
export async function makeHome(dom0: Client, domid: number): Promise<void> {
  const home = `/local/domain/${domid}`;
  await dom0.mkdir(home);
  await dom0.setPerms(home, ["n0", `r${domid}`]);
  await dom0.mkdir(`${home}/data`);
  await dom0.setPerms(`${home}/data`, [`n${domid}`]);
}
