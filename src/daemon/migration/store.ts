// The store of a core as the state of a migration stream, and back.

import type { Core } from "../state/store.ts";
import type { Domain, Watch } from "../state/domains.ts";
import { nodesBelow } from "../tree/listing.ts";
import { isQuotaName, quotaNames, type Quotas } from "../tree/quotas.ts";
import { exportStream } from "./export.ts";
import { importStream } from "./import.ts";
import type { ConnectionData, DomainData, MigrationState, QuotaData, StreamVersion, WatchData } from "./state.ts";

/**
 * What of a core other daemons can go on with: nodes, quotas, and the domains that are introduced, each with one connection
 * that has all its watches. What this process alone can go on with is left out: connections of domain 0, open transactions,
 * and what waits to be sent.
 */
export function stateOf(core: Core, version: StreamVersion = 2): MigrationState {
  const guests = [...core.domains.values()].filter(({ introduced, privileged }) => introduced && !privileged);
  return {
    version,
    global: null,
    quotas: { perDomain: quotasOf(core.quotas), overall: [] },
    connections: guests.map((domain, i) => connectionOf(domain, i + 1, version)),
    nodes: Array.from(
      nodesBelow(core.view.top),
      ({ path, node: { value, permissions } }) => ({ path, value, permissions }),
    ),
    domains: guests.map(({ domid, features, quotas }): DomainData => ({
      domid,
      features: version < 2 ? null : features,
      quotas: quotasOf(quotas),
    })),
    skipped: [],
  };
}

/** Writes a core's store as a stream: see {@linkcode stateOf} and {@linkcode exportStream}. */
export function exportStore(core: Core, version: StreamVersion = 2): Uint8Array {
  return exportStream(stateOf(core, version));
}

/**
 * Gives a core to which nobody is connected what a stream holds. One that has the root takes the place of all nodes; one
 * without is that of one domain, whose nodes are added to those that are there. Domains with a connection are introduced;
 * watches and transactions are theirs to make again when they connect. Quotas of other names count for nothing. Throws what
 * {@linkcode importStream} throws, and then has changed nothing.
 */
export function importStore(core: Core, bytes: Uint8Array): MigrationState {
  const { view } = core;
  const state = importStream(bytes, { isKnown: (path) => view.get(path) !== undefined });
  // What stands beside the root is kept where the stream does not have it.
  for (const { path } of state.nodes) if (path === "/" || path.startsWith("@")) view.remove(path);
  for (const { path, value, permissions } of state.nodes) view.put(path, value, permissions);
  const setQuota = (quotas: Quotas, domid: number | null, [name, value]: QuotaData): void => {
    if (!isQuotaName(name)) return;
    quotas.set(name, value);
    view.changes.push({ kind: "quota", domid, name, value });
  };
  for (const quota of state.quotas?.perDomain ?? []) setQuota(core.quotas, null, quota);
  for (const { endpoint } of state.connections) {
    if (endpoint.kind !== "ring") continue;
    const domain = core.existing(endpoint.domid);
    if (domain === undefined || domain.privileged) continue;
    domain.introduced = true;
    if (endpoint.target !== null && core.existing(endpoint.target) !== undefined) domain.target = endpoint.target;
  }
  for (const { domid, features, quotas } of state.domains) {
    const domain = core.existing(domid);
    if (domain === undefined) continue;
    if (features !== null) domain.features = features;
    for (const quota of quotas) setQuota(domain.quotas, domid, quota);
  }
  return state;
}

function connectionOf({ domid, target, connections }: Domain, id: number, version: StreamVersion): ConnectionData {
  const watches = new Map<string, WatchData>();
  for (const connection of connections) {
    for (const [key, watch] of connection.watches) if (!watches.has(key)) watches.set(key, watchOf(watch, version));
  }
  return {
    id,
    endpoint: { kind: "ring", domid, target, eventChannel: 0 },
    received: "",
    unsent: "",
    unsentPartial: 0,
    uniqueId: null,
    watches: [...watches.values()],
    transactions: [],
  };
}

/** Version 1 has no depths: there, a watch hears of more than it asked for. */
function watchOf({ path, prefix, token, depth }: Watch, version: StreamVersion): WatchData {
  return { path: path.slice(prefix), token, depth: depth < 0 || version < 2 ? null : depth };
}

function quotasOf(quotas: Quotas): QuotaData[] {
  return quotaNames.map((name) => [name, quotas.get(name)]);
}
