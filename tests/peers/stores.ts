// The real daemons for the contract suite: as domain 0, as a guest, and over the stand-in for the device.

import { type ClientOptions, connect } from "../../mod.ts";
import { DOM0, makeHome, type Running, type Store } from "../contract/store.ts";
import { type RealStore, startOxenstored, startXenbus, startXenstored } from "./daemons.ts";

const GUEST = 5;

interface Kind {
  readonly name: string;
  readonly start: () => Promise<RealStore>;
  /** The differences from the C daemon's answers to domain 0. */
  readonly dom0: Partial<Store>;
  readonly guest: Partial<Store>;
}

const kinds: readonly Kind[] = [
  { name: "xenstored", start: startXenstored, dom0: {}, guest: { valueMax: 2000, nodesMax: 900, listsAll: false } },
  {
    name: "oxenstored",
    start: startOxenstored,
    dom0: { valueMax: 2048 },
    guest: { valueMax: 2048, nodesMax: 900, listsAll: false, tellsMissing: true },
  },
];

/** All connections to a real daemon that are possible without Xen. */
export const realStores: readonly Store[] = kinds.flatMap(({ name, start, dom0, guest }): Store[] => [
  { ...DOM0, ...dom0, name: `${name}, domain 0`, open: () => openSocket(start) },
  {
    ...DOM0,
    ...guest,
    name: `${name}, guest`,
    base: `/local/domain/${GUEST}/data/tsxs-contract`,
    privileged: false,
    open: () => openGuest(start),
  },
  {
    ...DOM0,
    ...dom0,
    name: `${name}, stand-in for the device`,
    device: true,
    open: () => openDevice(start),
  },
]);

async function openSocket(start: () => Promise<RealStore>): Promise<Running> {
  const store = await start();
  return {
    connect: (options?: ClientOptions) => connect(`unix:${store.socket}`, options),
    connectOther: () => connect(`unix:${store.socket}`),
    [Symbol.asyncDispose]: () => store.stop(),
  };
}

/** A guest has one ring, so the other client is domain 0. */
async function openGuest(start: () => Promise<RealStore>): Promise<Running> {
  const store = await start();
  const dom0 = await connect(`unix:${store.socket}`);
  await makeHome(dom0, GUEST);
  await dom0.introduceDomain(GUEST, 1, 1);
  return {
    connect: (options?: ClientOptions) => connect(`unix:${store.domainSocket(GUEST)}`, options),
    connectOther: () => connect(`unix:${store.socket}`),
    [Symbol.asyncDispose]: async () => {
      await dom0.close();
      await store.stop();
    },
  };
}

async function openDevice(start: () => Promise<RealStore>): Promise<Running> {
  const store = await start();
  const device = await startXenbus(store.socket);
  return {
    connect: (options?: ClientOptions) => connect(`xenbus:${device.path}`, options),
    connectOther: () => connect(`xenbus:${device.path}`),
    [Symbol.asyncDispose]: async () => {
      await device.stop();
      await store.stop();
    },
  };
}
