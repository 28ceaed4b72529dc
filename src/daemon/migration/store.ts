// The store of a store as the state of a migration stream, and back.

import type { Store } from "../state/store.ts";
import type { Domain, Watch } from "../state/domains.ts";
import { nodesBelow } from "../tree/listing.ts";
import { isQuotaName, quotaNames, type Quotas } from "../tree/quotas.ts";
import { exportStream } from "./export.ts";
import { type ImportOptions, importStream } from "./import.ts";
import type { ConnectionData, DomainData, MigrationState, QuotaData, StreamVersion, WatchData } from "./state.ts";

/**
 * Returns the state that another daemon can continue with: nodes, quotas, and the introduced domains, each with one
 * connection that has all its watches. Connections of domain 0, open transactions and unsent bytes are left out.
 */
export function stateOf(store: Store, version: StreamVersion = 2): MigrationState {
  const guests = [...store.domains.values()].filter(({ introduced, privileged }) => introduced && !privileged);
  return {
    version,
    global: null,
    quotas: { perDomain: quotaList(store.quotas), overall: [] },
    connections: guests.map((domain, i) => connectionOf(domain, i + 1, version)),
    nodes: Array.from(
      nodesBelow(store.view.top),
      ({ path, node: { value, permissions } }) => ({ path, value, permissions }),
    ),
    domains: guests.map(({ domid, features, quotas }): DomainData => ({
      domid,
      features: version < 2 ? null : features,
      quotas: quotaList(quotas),
    })),
    skipped: [],
  };
}

/** Writes a store's store as a stream: see {@linkcode stateOf} and {@linkcode exportStream}. */
export function exportStore(
  store: Store,
  version: StreamVersion = 2,
  onProgress?: ImportOptions["onProgress"],
): Uint8Array {
  return exportStream(stateOf(store, version), { onProgress });
}

/**
 * Imports a stream into a store that has no connections. A stream with the root replaces all nodes; a stream without it
 * is that of one domain, and its nodes are added. Domains with a connection are introduced, and make their watches and
 * transactions again when they connect. Quotas of unknown names are ignored.
 *
 * @throws {MigrationError} If the stream is invalid. Then nothing has changed.
 * @throws What persisting the change throws. Then nothing has changed.
 */
export function importStore(
  store: Store,
  bytes: Uint8Array,
  onProgress?: ImportOptions["onProgress"],
): MigrationState {
  const state = importStream(bytes, { isKnown: (path) => store.view.get(path) !== undefined, onProgress });
  const draft = store.draft();
  const { view } = draft;
  // A special node that the stream does not have stays.
  for (const { path } of state.nodes) if (path === "/" || path.startsWith("@")) view.remove(path);
  for (const { path, value, permissions } of state.nodes) view.put(path, value, permissions);
  const setQuota = (domid: number | null, [name, value]: QuotaData): void => {
    if (isQuotaName(name)) view.changes.push({ kind: "quota", domid, name, value });
  };
  for (const quota of state.quotas?.perDomain ?? []) setQuota(null, quota);
  for (const { domid, quotas } of state.domains) {
    if (store.mayKnow(domid)) { for (const quota of quotas) setQuota(domid, quota); }
  }
  draft.afterwards(() => {
    store.knowNamed();
    for (const { endpoint } of state.connections) if (endpoint.kind === "ring") introduce(store, endpoint);
    for (const { domid, features } of state.domains) {
      const domain = store.existing(domid);
      if (domain !== undefined && features !== null) domain.features = features;
    }
  });
  store.publish(draft);
  return state;
}

function introduce(store: Store, { domid, target }: { readonly domid: number; readonly target: number | null }): void {
  const domain = store.existing(domid);
  if (domain === undefined || domain.privileged) return;
  store.setIntroduced(domain, true);
  if (target !== null && store.existing(target) !== undefined) domain.target = target;
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

function quotaList(quotas: Quotas): QuotaData[] {
  return quotaNames.map((name) => [name, quotas.get(name)]);
}
