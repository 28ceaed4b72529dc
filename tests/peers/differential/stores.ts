// The stores that a differential test compares: a real C daemon and our daemon.

import { join } from "node:path";
import { rmSync } from "node:fs";
import { Daemon } from "../../../src/daemon/daemon.ts";
import type { Listener } from "../../../src/daemon/lines/server.ts";
import { Link, Sheet } from "./link.ts";
import { startXenstored } from "../daemons.ts";
import { makeDirectory } from "../process.ts";

/** Quotas of guests, by the names of the current C daemon. */
export interface Quotas {
  readonly nodes: number;
  readonly watches: number;
  readonly transactions: number;
  readonly "transaction-nodes": number;
  readonly "node-size": number;
  readonly "node-permissions": number;
}

/** A store under test, with its hypervisor. */
export interface Tested extends AsyncDisposable {
  readonly name: string;
  /** Connects as a domain. A guest must be introduced. */
  open(domid: number): Promise<Link>;
  /** Creates a domain in the hypervisor. INTRODUCE then introduces it to the store. */
  create(domid: number): void;
  /** Reports the domain's shutdown by the hypervisor. Resolves after the store has noticed. */
  shutdown(domid: number): Promise<void>;
  /** Reports the domain's end by the hypervisor. Resolves after the store has noticed. */
  destroy(domid: number): Promise<void>;
}

const CONTROL = 0;

/** Starts Debian's C daemon, with quotas that allow exactly the given amounts. */
export async function startReal(quotas: Quotas): Promise<Tested> {
  const store = await startXenstored();
  const link = await Link.socket(store.socket);
  // 4.17 allows one watch and one transaction more than its quota, and counts one byte less, after a longer header.
  const settings = {
    nodes: quotas.nodes,
    watches: quotas.watches - 1,
    transactions: quotas.transactions - 1,
    "transaction-nodes": quotas["transaction-nodes"],
    "node-size": quotas["node-size"] + 1 + 8,
    permissions: quotas["node-permissions"],
  };
  const sheet = new Sheet();
  for (const [name, value] of Object.entries(settings)) {
    sheet.add({ type: CONTROL, id: 0, tx: 0, text: `quota\0set\0${name}\0${value}\0` });
  }
  for (const { text } of await link.exchange(sheet.take(), 6)) {
    if (text !== "OK\0") throw new Error(`cannot set a quota of xenstored: ${text}`);
  }
  await link.close();
  return {
    name: "xenstored",
    open: (domid) => Link.socket(domid === 0 ? store.socket : store.domainSocket(domid)),
    create: (domid) => store.createDomain(domid),
    shutdown: async (domid) => {
      await store.shutdownDomain(domid);
      store.createDomain(domid);
    },
    destroy: (domid) => store.destroyDomain(domid),
    [Symbol.asyncDispose]: () => store.stop(),
  };
}

/** Starts our daemon, which is reached over memory of this process or over Unix sockets. */
export function startOurs(quotas: Quotas, way: "memory" | "sockets"): Tested {
  const alive = new Set([0]);
  const daemon = new Daemon({ quotas, domainExists: (domid) => alive.has(domid) });
  const listeners = new Map<number, Listener>();
  const directory = way === "sockets" ? makeDirectory() : null;
  const listen = async (domid: number, where: string): Promise<Listener> => {
    const listener = listeners.get(domid) ?? await daemon.listen(join(where, `domain-${domid}`), { domid });
    listeners.set(domid, listener);
    return listener;
  };
  return {
    name: `ours over ${way}`,
    open: async (domid) =>
      directory === null
        ? Link.transport(daemon.connect({ domid }))
        : await Link.socket((await listen(domid, directory)).path),
    create: (domid) => void alive.add(domid),
    shutdown: (domid) => Promise.resolve(daemon.shutdownDomain(domid)),
    destroy: (domid) => {
      alive.delete(domid);
      listeners.delete(domid);
      if (domid <= 0xffff) daemon.destroyDomain(domid);
      return Promise.resolve();
    },
    [Symbol.asyncDispose]: async () => {
      await daemon.close();
      if (directory !== null) rmSync(directory, { recursive: true, force: true });
    },
  };
}
