// The contract suite with our own daemon: within the process, over its socket, and as a guest.

import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type ClientOptions, connect, type StoreAddress } from "../../mod.ts";
import { Daemon } from "../../src/daemon/mod.ts";
import { DOM0, makeHome, type Running, type Store } from "../contract/store.ts";
import { contract } from "../contract/suite.ts";

const GUEST = 5;

/** The addresses may be functions, because a client that connects again needs a new transport. */
function running(daemon: Daemon, address: StoreAddress, other = address, end: () => void = () => {}): Running {
  return {
    connect: (options?: ClientOptions) => connect(address, options),
    connectOther: () => connect(other),
    [Symbol.asyncDispose]: async () => {
      await daemon.close();
      end();
    },
  };
}

function openInMemory(): Promise<Running> {
  const daemon = new Daemon();
  return Promise.resolve(running(daemon, () => daemon.connect()));
}

async function openSocket(): Promise<Running> {
  const daemon = new Daemon();
  const directory = mkdtempSync("/tmp/tsxs-");
  const { path } = await daemon.listen(join(directory, "socket"));
  const address = `unix:${path}`;
  return running(daemon, address, address, () => rmSync(directory, { recursive: true }));
}

async function openGuest(): Promise<Running> {
  const daemon = new Daemon();
  await using dom0 = await connect(daemon.connect());
  await makeHome(dom0, GUEST);
  daemon.introduceDomain(GUEST);
  return running(daemon, () => daemon.connect({ domid: GUEST }), () => daemon.connect());
}

const stores: readonly Store[] = [
  { ...DOM0, name: "our daemon, in memory", open: openInMemory },
  { ...DOM0, name: "our daemon, over its socket", open: openSocket },
  {
    ...DOM0,
    name: "our daemon, guest",
    base: `/local/domain/${GUEST}/data/tsxs-contract`,
    privileged: false,
    valueMax: 2000,
    nodesMax: 900,
    listsAll: false,
    open: openGuest,
  },
];

for (const store of stores) contract(store);
