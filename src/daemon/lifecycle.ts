// How domains come and go.

import type { Core } from "./core.ts";
import { type Domain, PRIVILEGED_DOMID } from "./domains.ts";
import { quotaNames } from "./quotas.ts";

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

/** A domain is gone: its connections end, its nodes are removed, and nothing of its rights is left (XSA-322, XSA-419). */
export function endDomain(core: Core, domain: Domain): void {
  const { domid } = domain;
  for (const connection of domain.connections) core.reset(connection);
  removeNodesOf(core, domid);
  // What open transactions granted it was granted to nobody else.
  core.view.renew();
  // What is kept elsewhere must not come back to a later domain of this number.
  for (const name of quotaNames) {
    const value = core.quotas.get(name);
    if (domain.quotas.get(name) !== value) core.view.changes.push({ kind: "quota", domid, name, value });
  }
  core.domains.delete(domid);
  for (const other of core.domains.values()) if (other.target === domid) other.target = null;
  dropConnections(core, domain);
  if (!domain.introduced) return;
  domain.introduced = false;
  core.events.special("@releaseDomain", domid, "plain");
  core.events.special("@releaseDomain", domid, "numbered");
}

function dropConnections(core: Core, { connections }: Domain): void {
  for (const connection of [...connections]) {
    core.detach(connection);
    connection.onDropped();
  }
}

/** Removes what a domain owns, with all below that, and takes it out of the permissions of the rest. What must stay, stays. */
function removeNodesOf({ events, view }: Core, domid: number): void {
  const left = view.usageOf(domid);
  // Parents before their children, with a stack of its own (XSA-418), and no further than there is something to find.
  const stack = [...view.top.children.entries()].map(([name, node]) => ({ path: name || "/", node }));
  for (let next = stack.pop(); next !== undefined && left.nodes + left.mentions > 0; next = stack.pop()) {
    const { path, node } = next;
    const owned = node.permissions.owner === domid;
    const lasting = path === "/" || path.startsWith("@");
    if (owned && !lasting) {
      events.orphaned(path, node);
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
  view.usage.delete(domid);
}
