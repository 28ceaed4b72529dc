// How domains come and go.

import type { Core } from "./store.ts";
import { type Domain, DOMID_SELF, PRIVILEGED_DOMID } from "./domains.ts";
import type { Change, StoreNode, Usage, View } from "../tree/tree.ts";

/** Lets a domain connect. Where it may already, its connections end: it starts anew. Throws a `RangeError` if there is none. */
export function introduceDomain(core: Core, domid: number): void {
  const domain = core.existing(domid);
  if (domain === undefined) throw new RangeError(`cannot introduce domain ${domid}: there is none`);
  if (domain.privileged) return;
  if (domain.introduced) return dropConnections(core, domain);
  domain.introduced = true;
  domain.shutdown = false;
  core.events.special("@introduceDomain", domid, "plain");
  core.events.special("@introduceDomain", domid, "numbered");
}

/** A domain shut down or crashed: those who watch are told, once until it resumes. Its nodes and its connections stay. */
export function shutDownDomain(core: Core, domain: Domain): void {
  if (!domain.introduced || domain.shutdown || domain.privileged) return;
  domain.shutdown = true;
  core.events.special("@releaseDomain", domain.domid, "numbered");
  core.events.special("@releaseDomain", domain.domid, "plain");
}

/** The end of a domain that has not come yet. */
export interface DomainEnd {
  /** What it changes of what is kept. */
  readonly changes: readonly Change[];
  /** Lets it come. Nothing else may change before. */
  carryOut(): void;
}

/**
 * What it is that a domain is gone, known or not: its connections end, its nodes are removed, and nothing of its rights is
 * left (XSA-322, XSA-419). It changes nothing yet, so that what cannot be kept need not come.
 */
export function endOf(core: Core, domid: number): DomainEnd {
  const { domains, events, view } = core;
  const domain = domains.get(domid);
  const after = view.fork();
  const removed = removeNodesOf(after, domid, view.usageOf(domid));
  // What is kept elsewhere must not come back to a later domain of this number.
  if (domain !== undefined && domain.quotas.namesSet.size > 0) after.changes.push({ kind: "forget", domid });
  return {
    changes: after.changes,
    carryOut() {
      for (const connection of domain?.connections ?? []) core.reset(connection);
      view.top = after.top;
      for (const [owner, usage] of after.usage) view.addUsage(owner, usage);
      view.usage.delete(domid);
      // What open transactions granted it was granted to nobody else.
      view.renew();
      for (const { path, node } of removed) events.orphaned(path, node);
      domains.delete(domid);
      for (const other of domains.values()) if (other.target === domid) other.target = null;
      if (domain === undefined) return;
      dropConnections(core, domain);
      if (!domain.introduced) return;
      domain.introduced = false;
      events.special("@releaseDomain", domid, "plain");
      events.special("@releaseDomain", domid, "numbered");
    },
  };
}

/** A domain is gone: see {@linkcode endOf}. Throws where that cannot be kept; then nothing has changed. */
export function endDomain(core: Core, { domid }: Domain): void {
  const end = endOf(core, domid);
  core.keep(end.changes);
  end.carryOut();
}

/** The domains, but for domain 0, that have nodes, rights or quotas, and that the hypervisor does not know. */
export function strangers(core: Core): number[] {
  const named = new Set(core.domains.keys());
  const stack = [...core.view.top.children.entries()].map(([, node]) => node);
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    // An entry that is only listed is nobody's right.
    for (const { domid, ignored } of node.permissions.entries) if (!ignored) named.add(domid);
    for (const [, child] of node.children.entries()) stack.push(child);
  }
  // Numbers beyond those of domains mean others, as DOMID_ANY does: the hypervisor has no say in them.
  return [...named].filter((domid) => domid !== PRIVILEGED_DOMID && domid < DOMID_SELF && !core.isAlive(domid));
}

function dropConnections(core: Core, { connections }: Domain): void {
  for (const connection of [...connections]) {
    core.detach(connection);
    connection.onDropped();
  }
}

/**
 * Removes what a domain owns, with all below that, and takes it out of the permissions of the rest. What must stay, stays.
 * `usage` is what there is to find. Gives the nodes that it removed, without those below them.
 */
function removeNodesOf(view: View, domid: number, usage: Usage): { path: string; node: StoreNode }[] {
  const removed: { path: string; node: StoreNode }[] = [];
  const isLeft = (): boolean => {
    const done = view.usageOf(domid);
    return usage.nodes + usage.mentions + done.nodes + done.mentions > 0;
  };
  // Parents before their children, with a stack of its own (XSA-418), and no further than there is something to find.
  const stack = [...view.top.children.entries()].map(([name, node]) => ({ path: name || "/", node }));
  for (let next = stack.pop(); next !== undefined && isLeft(); next = stack.pop()) {
    const { path, node } = next;
    const owned = node.permissions.owner === domid;
    const lasting = path === "/" || path.startsWith("@");
    if (owned && !lasting) {
      removed.push({ path, node });
      view.remove(path);
      continue;
    }
    const permissions = (owned ? node.permissions.ownedBy(PRIVILEGED_DOMID) : node.permissions).without(domid);
    if (permissions !== node.permissions) view.put(path, node.value, permissions);
    const prefix = path === "/" ? "/" : `${path}/`;
    for (const [name, child] of [...node.children.entries()].reverse()) {
      stack.push({ path: prefix + name, node: child });
    }
  }
  return removed;
}
