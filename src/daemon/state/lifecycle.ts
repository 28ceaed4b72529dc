// How domains come and go.

import type { Store } from "./store.ts";
import { type Domain, DOMID_SELF, PRIVILEGED_DOMID } from "./domains.ts";
import { nodesBelow, type PlacedNode, subtree } from "../tree/listing.ts";
import type { Usage } from "../tree/changes.ts";
import type { StoreNode } from "../tree/store_node.ts";
import type { View } from "../tree/tree.ts";
import type { Draft } from "./draft.ts";

/**
 * Introduces a domain. The connections of a domain that is introduced already end: it starts anew. Throws a
 * `RangeError` if the domain does not exist.
 */
export function introduceDomain(store: Store, domid: number): void {
  const domain = store.existing(domid);
  if (domain === undefined) throw new RangeError(`cannot introduce domain ${domid}: it does not exist`);
  if (domain.privileged) return;
  if (domain.introduced) return dropConnections(store, domain);
  store.setIntroduced(domain, true);
  domain.shutdown = false;
  store.events.special("@introduceDomain", domid, "plain");
  store.events.special("@introduceDomain", domid, "numbered");
}

/**
 * Notes that a domain shut down or crashed. The event fires once until the domain resumes. Its nodes and connections
 * stay.
 */
export function shutDownDomain(store: Store, domain: Domain): void {
  if (!domain.introduced || domain.shutdown || domain.privileged) return;
  domain.shutdown = true;
  store.events.special("@releaseDomain", domain.domid, "numbered");
  store.events.special("@releaseDomain", domain.domid, "plain");
}

/**
 * Drafts the end of a domain, which need not be known: its connections end, its nodes are removed, and nothing is left
 * of its rights (XSA-322, XSA-419).
 */
export function draftEnd(store: Store, domid: number): Draft {
  const { domains, events } = store;
  const domain = domains.get(domid);
  const draft = store.draft();
  const { view } = draft;
  const removed = removeNodesOf(view, domid, store.view.usageOf(domid));
  // A later domain of this number must not get the quotas that were persisted for this one.
  if (domain !== undefined && domain.quotas.namesSet.size > 0) view.changes.push({ kind: "forget", domid });
  // Open transactions may have granted rights to the domain: they are replayed.
  view.renew();
  draft.afterwards(() => {
    for (const { path, node } of removed) events.removed(path, node);
    domains.delete(domid);
    for (const other of domains.values()) if (other.target === domid) other.target = null;
    if (domain === undefined) return;
    dropConnections(store, domain);
    if (!domain.introduced) return;
    store.setIntroduced(domain, false);
    events.special("@releaseDomain", domid, "plain");
    events.special("@releaseDomain", domid, "numbered");
  });
  return draft;
}

/** Ends a domain: see {@linkcode draftEnd}. Throws if that cannot be persisted; then nothing has changed. */
export function endDomain(store: Store, { domid }: Domain): void {
  store.publish(draftEnd(store, domid));
}

/** The domains, but for domain 0, that have nodes, rights or quotas, and that the hypervisor does not know. */
export function strangers(store: Store): number[] {
  const named = new Set(store.domains.keys());
  for (const { permissions } of subtree(store.view.top)) {
    // An ignored entry grants no right.
    for (const { domid, ignored } of permissions.entries) if (!ignored) named.add(domid);
  }
  // Numbers beyond those of domains mean others, as DOMID_ANY does: the hypervisor has no say in them.
  return [...named].filter((domid) => domid !== PRIVILEGED_DOMID && domid < DOMID_SELF && !store.isAlive(domid));
}

function dropConnections(store: Store, { connections }: Domain): void {
  for (const connection of [...connections]) {
    store.detach(connection);
    connection.onDropped();
  }
}

/**
 * Removes the nodes that a domain owns, with all nodes below them, and takes the domain out of the permissions of the
 * rest. The root and the special nodes stay. `usage` is what there is to find. Returns the nodes that were removed,
 * without those below them.
 */
function removeNodesOf(view: View, domid: number, usage: Usage): PlacedNode<StoreNode>[] {
  const removed: PlacedNode<StoreNode>[] = [];
  const isLeft = (): boolean => {
    const done = view.usageOf(domid);
    return usage.nodes + usage.mentions + done.nodes + done.mentions > 0;
  };
  if (!isLeft()) return removed;
  for (const placed of nodesBelow(view.top)) {
    const { path, node } = placed;
    const owned = node.permissions.owner === domid;
    const lasting = path === "/" || path.startsWith("@");
    if (owned && !lasting) {
      removed.push(placed);
      view.remove(path);
      placed.descend = false;
    } else {
      const permissions = (owned ? node.permissions.ownedBy(PRIVILEGED_DOMID) : node.permissions).without(domid);
      if (permissions !== node.permissions) view.put(path, node.value, permissions);
    }
    if (!isLeft()) break;
  }
  return removed;
}
