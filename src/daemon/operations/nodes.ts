// The operations on nodes.

import { PAYLOAD_MAX } from "../../wire/header.ts";
import { DOMID_ANY } from "../../wire/permissions.ts";
import { atoi, onlyString, strings } from "./arguments.ts";
import { type Call, OK } from "./call.ts";
import { find, look, nearest } from "./resolve.ts";
import type { WorkingTree } from "../state/draft.ts";
import { fail, Failure } from "../state/failure.ts";
import { fromBytes, toBytes } from "../tree/latin1.ts";
import { type Entry, parseEntry, Permissions, Right } from "../tree/permissions.ts";
import { nodeSize, type StoreNode } from "../tree/store_node.ts";
import { ancestors, baseName, parentPath } from "../tree/paths.ts";

/** READ: the value. */
export function read(call: Call): string | Failure {
  const found = find(call, onlyString(call.text), Right.READ);
  if (found instanceof Failure) return found;
  return found.node?.value ?? fail.ENOENT;
}

/** DIRECTORY: the names of the children. */
export function directory(call: Call): string | Failure {
  const found = find(call, onlyString(call.text), Right.READ);
  if (found instanceof Failure) return found;
  if (found.node === null) return fail.ENOENT;
  const { children } = found.node;
  return children.listingBytes > PAYLOAD_MAX ? fail.E2BIG : children.listing();
}

/** DIRECTORY_PART: returns as many names as fit from an offset on, and an empty name after the last one. */
export function directoryPart(call: Call): string | Failure {
  const [name = null, offset, ...more] = strings(call.text);
  if (offset === undefined || more.length > 0) return fail.EINVAL;
  const found = find(call, name, Right.READ);
  if (found instanceof Failure) return found;
  if (found.node === null) return fail.ENOENT;
  const { children, generation } = found.node;
  const head = `${generation}\0`;
  const start = atoi(offset) >>> 0;
  if (start >= children.listingBytes) return `${head}\0`;
  const listing = children.listing();
  const room = PAYLOAD_MAX - head.length - 1;
  if (listing.length - start <= room) return `${head}${listing.slice(start)}\0`;
  return head + listing.slice(start, listing.lastIndexOf("\0", start + room - 1) + 1);
}

/** GET_PERMS: the permissions. */
export function getPermissions(call: Call): string | Failure {
  const found = find(call, onlyString(call.text), Right.READ, true);
  if (found instanceof Failure) return found;
  return found.node?.permissions.toString() ?? fail.ENOENT;
}

/** WRITE: writes the value of a node, and makes the node if it does not exist. */
export function write(call: Call, working: WorkingTree): string | Failure {
  const nul = call.text.indexOf("\0");
  if (nul < 0) return fail.EINVAL;
  const found = find(call, call.text.slice(0, nul), Right.WRITE);
  if (found instanceof Failure) return found;
  const text = detachedText(call, nul);
  const value = text.slice(text.indexOf("\0") + 1);
  const { path, node } = found;
  if (node === null) {
    const made = make(call, working, path, value, text);
    if (made instanceof Failure) return made;
    working.changed(path, made, null);
  } else {
    const failure = checkGrowth(call, node, node.permissions, value.length);
    if (failure !== null) return failure;
    working.changed(path, working.view.put(path, value, node.permissions, text), null);
  }
  return OK;
}

/** MKDIR: makes a node if it does not exist. */
export function makeDirectory(call: Call, working: WorkingTree): string | Failure {
  const found = find(call, onlyString(call.text), Right.WRITE);
  if (found instanceof Failure) return found;
  if (found.node !== null) return OK;
  const made = make(call, working, found.path, "");
  if (made instanceof Failure) return made;
  working.changed(found.path, made, null);
  return OK;
}

/** RM: removes a node and all below it, whoever owns that. */
export function remove(call: Call, working: WorkingTree): string | Failure {
  const found = find(call, onlyString(call.text), Right.WRITE);
  if (found instanceof Failure) return found;
  const { path, node } = found;
  const parent = path === "/" ? undefined : look(call, parentPath(path));
  if (parent instanceof Failure) return parent;
  if (node === null) return parent === undefined ? fail.ENOENT : OK;
  if (path === "/") return fail.EINVAL;
  const failure = working.removed(path, node);
  if (failure !== null) return failure;
  working.view.remove(path);
  return OK;
}

/**
 * SET_PERMS: replaces a node's permissions. Only its owner and domain 0 may; only domain 0 may change the owner
 * (XSA-352). Each domain that it names is known from then on.
 */
export function setPermissions(call: Call, working: WorkingTree): string | Failure {
  const [name = null, ...texts] = strings(call.text);
  if (texts.length === 0) return fail.EINVAL;
  const { connection, store } = call;
  const { domain } = connection;
  if (!domain.privileged && domain.quotas.exceeds("node-permissions", texts.length)) return fail.ENOSPC;
  const entries: Entry[] = [];
  for (const text of texts) {
    const entry = parseEntry(text);
    if (entry === null) return fail.EINVAL;
    // From here on the domain is known, and has its quotas, whatever becomes of the request.
    entries.push({ ...entry, ignored: entry.domid !== DOMID_ANY && store.existing(entry.domid) === undefined });
  }
  if (entries[0]?.ignored) return fail.ENOENT;
  const found = find(call, name, Right.WRITE | Right.OWNER, true);
  if (found instanceof Failure) return found;
  const { path, node } = found;
  if (node === null) return fail.ENOENT;
  const permissions = new Permissions(entries);
  if (!domain.privileged && permissions.owner !== node.permissions.owner) return fail.EPERM;
  const failure = checkGrowth(call, node, permissions, node.value.length);
  if (failure !== null) return failure;
  const changed = working.view.put(path, node.value, permissions, node.text);
  // A special node's own change is no event of the kind that it stands for.
  if (!path.startsWith("@")) working.changed(path, changed, node.permissions);
  return OK;
}

/**
 * The text of the node that WRITE names: the payload from the last name on. The text is a copy: a part of the payload's
 * text would keep all of that in memory.
 */
function detachedText({ text, payload }: Call, nul: number): string {
  const start = text.lastIndexOf("/", nul) + 1;
  return payload === null ? fromBytes(toBytes(text.slice(start))) : fromBytes(payload, start);
}

/** Checks what a guest makes of a node that is there; what is too much cannot be committed in a transaction, either. */
function checkGrowth(call: Call, node: StoreNode, permissions: Permissions, valueBytes: number): Failure | null {
  const { connection: { domain }, transaction } = call;
  if (domain.privileged) return null;
  const size = nodeSize(permissions, valueBytes, node.children.listingBytes);
  const failure = domain.quotas.exceeds("node-size", size)
    ? fail.ENOSPC
    : size > node.size && exceedsMemory(call, permissions.owner, size - node.size)
    ? fail.ENOMEM
    : null;
  if (failure !== null && transaction !== null) transaction.failed = true;
  return failure;
}

/** Whether so many bytes more in the nodes of a domain would be more than that may have. */
function exceedsMemory({ store, view }: Call, owner: number, bytes: number): boolean {
  const domain = store.domains.get(owner);
  if (domain?.privileged) return false;
  const all = store.view.usageOf(owner).bytes + view.usageOf(owner).bytes + (domain?.bytes ?? 0) + bytes;
  return (domain?.quotas ?? store.quotas).exceeds("memory", all);
}

/**
 * Makes a node and those above it that are missing; each inherits the permissions of the one above it, and belongs to
 * the guest that made it. The quotas are looked at before anything is changed (XSA-272, XSA-414).
 */
function make(
  call: Call,
  { view }: WorkingTree,
  path: string,
  value: string,
  text?: string,
): StoreNode | Failure {
  const { connection: { domain }, transaction } = call;
  const above = nearest(call, path);
  if (above instanceof Failure) return above;
  if (transaction !== null) transaction.created = true;
  const { permissions: inherited } = above.node;
  if (domain.privileged) return view.make(path, value, inherited, text);
  const permissions = inherited.ownedBy(domain.domid);
  const missing = [path];
  for (const ancestor of ancestors(path)) {
    if (ancestor === above.path) break;
    missing.push(ancestor);
  }
  return checkQuotas(call, missing, value, permissions, above.node) ?? view.make(path, value, permissions, text);
}

/**
 * Checks what a guest's new nodes come to: the last one first, then those above it, and the one that they are put
 * below.
 */
function checkQuotas(
  { store, connection: { domain }, view, transaction }: Call,
  missing: readonly string[],
  value: string,
  permissions: Permissions,
  above: StoreNode,
): Failure | null {
  const { quotas, domid } = domain;
  const live = store.view.usageOf(domid);
  const own = view.usageOf(domid);
  const spoilt = (failure: Failure): Failure => {
    if (transaction !== null) transaction.failed = true;
    return failure;
  };
  let bytes = live.bytes + own.bytes + domain.bytes;
  let names = 0;
  for (const [i, path] of missing.entries()) {
    if (quotas.exceeds("nodes", live.nodes + own.nodes + i + 1)) return i === 0 ? fail.ENOSPC : spoilt(fail.ENOSPC);
    const size = nodeSize(permissions, i === 0 ? value.length : 0, names);
    if (quotas.exceeds("node-size", size)) return spoilt(fail.ENOSPC);
    bytes += size;
    if (quotas.exceeds("memory", bytes)) return spoilt(fail.ENOMEM);
    names = baseName(path).length + 1;
  }
  if (quotas.exceeds("node-size", above.size + names)) return spoilt(fail.ENOSPC);
  return above.permissions.owner === domid && quotas.exceeds("memory", bytes + names) ? spoilt(fail.ENOMEM) : null;
}
