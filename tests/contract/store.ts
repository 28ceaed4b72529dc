// What the contract suite has to know of a store in order to try it.

import type { Client, ClientOptions } from "../../mod.ts";

/** A store that runs, ready to be tried. */
export interface Running extends AsyncDisposable {
  /** Connects a client. The suite has one at a time. */
  connect(options?: ClientOptions): Promise<Client>;
  /** Connects another client, with the same rights in the place of the tests. */
  connectOther(): Promise<Client>;
}

/** A store, how it is started, and in which of the ways that the protocol leaves open it answers. */
export interface Store {
  /** Shown in the tests' names. */
  readonly name: string;
  /** The path below which the tests may write. */
  readonly base: string;
  /** Whether its clients are domain 0. */
  readonly privileged: boolean;
  /** Whether it is reached through the XenBus device. */
  readonly device: boolean;
  /** Whether a directory of any length can be listed. */
  readonly listsAll: boolean;
  /** Whether a node that a guest may not see looks like one that is not there, instead of EACCES for both. */
  readonly tellsMissing: boolean;
  /** The longest value that it takes at the end of a short path. */
  readonly valueMax: number;
  /** How many nodes a client may own. */
  readonly nodesMax: number;
  /** How many requests a test of many sends concurrently: fewer if the machine is emulated. */
  readonly many: number;
  /** Starts it. */
  open(): Promise<Running>;
}

/** The ways of a store as domain 0 sees it, over a socket. */
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

/** Makes a guest's home as a toolstack makes it. */
export async function makeHome(dom0: Client, domid: number): Promise<void> {
  const home = `/local/domain/${domid}`;
  await dom0.mkdir(home);
  await dom0.setPerms(home, ["n0", `r${domid}`]);
  await dom0.mkdir(`${home}/data`);
  await dom0.setPerms(`${home}/data`, [`n${domid}`]);
}
