// The tree: nodes that never change, below one top that is replaced by every change.

import { type Children, noChildren } from "./children.ts";
import { fromBytes, toBytes } from "./latin1.ts";
import { subtree } from "./listing.ts";
import type { Permissions } from "./permissions.ts";
import type { QuotaName } from "./quotas.ts";

/** Up to here V8 copies a part of a text; a longer one would keep the whole message alive that it came in. */
const COPIED = 12;

/** About how many bytes of memory a node takes in addition to its texts. */
const NODE_BYTES = 256;

/** A node. */
export class StoreNode {
  /** Its value, a character for each byte. */
  readonly value: string;
  /** The permissions of the node. */
  readonly permissions: Permissions;
  /** The nodes below it. */
  readonly children: Children<StoreNode>;
  /** Another number after every change of its value, its permissions or the names of its children. */
  readonly generation: number;

  /** Makes a node of its parts. */
  constructor(value: string, permissions: Permissions, children: Children<StoreNode>, generation: number) {
    this.value = value;
    this.permissions = permissions;
    this.children = children;
    this.generation = generation;
  }

  /** Bytes that count for the quotas: a header, the permissions, the value, and the names of the children. */
  get size(): number {
    return nodeSize(this.permissions, this.value.length, this.children.listingBytes);
  }
}

/** Bytes that count for the quotas, for a node of these parts. */
export function nodeSize(permissions: Permissions, valueBytes: number, listingBytes: number): number {
  return 16 + 8 * permissions.entries.length + valueBytes + listingBytes;
}

/**
 * One step of what changed, to be kept or sent elsewhere. Taken again in their order they build the same tree, the
 * order of children included.
 */
export type Change =
  | {
    /** Makes a node, as the last child of a parent that is there, or changes the one that is there. */
    readonly kind: "put";
    readonly path: string;
    /** A character for each byte. */
    readonly value: string;
    readonly permissions: Permissions;
  }
  | {
    /** Removes a node and all below it. */
    readonly kind: "remove";
    readonly path: string;
  }
  | {
    /** Sets a quota: of one domain, or the one that new domains get. */
    readonly kind: "quota";
    readonly domid: number | null;
    readonly name: QuotaName;
    readonly value: number;
  }
  | {
    /** Forgets the quotas of a domain: a later one of its number starts with those of new domains. */
    readonly kind: "forget";
    readonly domid: number;
  };

/** What the nodes of an owner come to. */
export interface Usage {
  /** How many nodes a domain owns. */
  nodes: number;
  /** Their {@linkcode StoreNode.size}s together. */
  bytes: number;
  /** How many nodes of others name it in their permissions. */
  mentions: number;
}

const NOTHING: Readonly<Usage> = Object.freeze({ nodes: 0, bytes: 0, mentions: 0 });

/** A number that grows with every change, common to all views of a store. */
export interface Generations {
  last: number;
}

/** The path above a path; "/" for those that have none above them. */
export function parentPath(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash <= 0 ? "/" : path.slice(0, slash);
}

/** The paths above a path, nearest first, as far as the root. */
export function* ancestors(path: string): Generator<string> {
  while (path !== "/") yield path = parentPath(path);
}

/** The last name of a path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function detached(name: string): string {
  return name.length > COPIED ? fromBytes(toBytes(name)) : name;
}

/** The end of the name that begins at `start`. */
function nameEnd(path: string, start: number): number {
  const slash = path.indexOf("/", start);
  return slash < 0 ? path.length : slash;
}

/**
 * A tree under change: the store's own, or that of a transaction, which starts with the same top.
 *
 * Above the root stands a top whose children are the root, by the name "", and the special nodes by theirs: so every
 * path, cut at its slashes, names the way from the top.
 */
export class View {
  /** What stands above the root. Comparing it tells whether anything changed. */
  top: StoreNode;
  /** What changed since the fork, in order. */
  readonly changes: Change[] = [];
  /** The usage of each owner; in a fork, how much the fork has changed it. */
  readonly usage: Map<number, Usage> = new Map();
  /**
   * About how many bytes of memory the nodes took that were replaced or removed; in a fork, since the fork. It only
   * grows: the difference of two moments is what the tree of the first keeps in memory.
   */
  replaced = 0;
  readonly #generations: Generations;

  /** Looks at the tree below a top. */
  constructor(top: StoreNode, generations: Generations) {
    this.top = top;
    this.#generations = generations;
  }

  /** A view of its own of the tree as it is now. */
  fork(): View {
    return new View(this.top, this.#generations);
  }

  /** The node at a path. */
  get(path: string): StoreNode | undefined {
    if (path === "/") return this.top.children.get("");
    let node = this.top;
    for (let start = 0;;) {
      const end = nameEnd(path, start);
      const child = node.children.get(path.slice(start, end));
      if (child === undefined || end === path.length) return child;
      node = child;
      start = end + 1;
    }
  }

  /**
   * Makes the tree another one of the same nodes: what started with it before is looked at again when it is committed.
   */
  renew(): void {
    const { value, permissions, children, generation } = this.top;
    this.top = new StoreNode(value, permissions, children, generation);
  }

  /** The nearest node above a path that is there, the root at the last, and its path. */
  nearest(path: string): { readonly path: string; readonly node: StoreNode | undefined } {
    let node = this.top;
    let length = 0;
    for (let start = 0, end = nameEnd(path, start); end < path.length; end = nameEnd(path, start)) {
      const child = node.children.get(path.slice(start, end));
      if (child === undefined) break;
      node = child;
      length = end;
      start = end + 1;
    }
    return length === 0 ? { path: "/", node: this.get("/") } : { path: path.slice(0, length), node };
  }

  /**
   * Takes over the tree of a fork, and its changes of what belongs to whom. Nothing else may have changed since the
   * fork.
   */
  adopt(fork: View): void {
    this.top = fork.top;
    this.replaced += fork.replaced;
    fork.usage.forEach((usage, domid) => this.#addUsage(domid, usage));
  }

  /** What the nodes of a domain come to. */
  usageOf(domid: number): Readonly<Usage> {
    return this.usage.get(domid) ?? NOTHING;
  }

  /** Makes a node that is missing, and with the same permissions those that are missing above it. */
  make(path: string, value: string, permissions: Permissions): StoreNode {
    const above = this.nearest(path).path;
    const start = above === "/" ? 1 : above.length + 1;
    const names = path.slice(start).split("/");
    const made = new StoreNode(value, permissions, noChildren(), ++this.#generations.last);
    this.#account(made, 1);
    let first = made;
    // From below: that does not make those above anew each time, so that depth, which is up to guests, costs little.
    for (let i = names.length - 1; i > 0; i--) {
      const children = noChildren<StoreNode>().with(detached(names[i] ?? ""), first);
      first = new StoreNode("", permissions, children, ++this.#generations.last);
      this.#account(first, 1);
    }
    let end = nameEnd(path, start);
    const way = this.#descend(path.slice(0, end));
    this.#replace(way.above, way.names, detached(names[0] ?? ""), first, true);
    for (; end < path.length; end = nameEnd(path, end + 1)) {
      this.changes.push({ kind: "put", path: path.slice(0, end), value: "", permissions });
    }
    this.changes.push({ kind: "put", path, value, permissions });
    return made;
  }

  /** Makes a node, whose parent is there, or gives the one that is there a value and permissions. */
  put(path: string, value: string, permissions: Permissions): StoreNode {
    const { above, names, node: old } = this.#descend(path);
    const node = new StoreNode(value, permissions, old?.children ?? noChildren(), ++this.#generations.last);
    if (old?.permissions === permissions) {
      this.replaced += old.size + NODE_BYTES;
      this.#grow(permissions.owner, value.length - old.value.length);
    } else {
      this.#account(node, 1);
      if (old !== undefined) this.#account(old, -1);
    }
    const name = names[names.length - 1] ?? "";
    this.#replace(above, names, old === undefined ? detached(name) : name, node, old === undefined);
    this.changes.push({ kind: "put", path, value, permissions });
    return node;
  }

  /** Removes a node with all below it; gives it as it was. */
  remove(path: string): StoreNode | undefined {
    const { above, names, node } = this.#descend(path);
    if (node === undefined) return undefined;
    if (node.children.size === 0) this.#account(node, -1);
    else for (const removed of subtree(node)) this.#account(removed, -1);
    this.#replace(above, names, names[names.length - 1] ?? "", null, true);
    this.changes.push({ kind: "remove", path });
    return node;
  }

  /** The nodes above a path, from the top, the names that lead from each to the next, and the node itself. */
  #descend(path: string): { above: StoreNode[]; names: string[]; node: StoreNode | undefined } {
    const above: StoreNode[] = [];
    const names: string[] = [];
    let node: StoreNode | undefined = this.top;
    const length = path === "/" ? 0 : path.length;
    for (let start = 0; start <= length;) {
      if (node === undefined) throw new RangeError(`cannot put "${path}": its parent does not exist`);
      const end = length === 0 ? 0 : nameEnd(path, start);
      const name = path.slice(start, end);
      above.push(node);
      names.push(name);
      node = node.children.get(name);
      start = end + 1;
    }
    return { above, names, node };
  }

  /** Puts a node, or nothing, below the last of those above it, and makes all of them anew. */
  #replace(above: StoreNode[], names: string[], name: string, node: StoreNode | null, relisted: boolean): void {
    this.replaced += above.length * NODE_BYTES;
    for (let i = above.length - 1; i >= 0; i--) {
      const old = above[i];
      if (old === undefined) return;
      const children = node === null ? old.children.without(name) : old.children.with(name, node);
      const listed = relisted && i === above.length - 1;
      const fresh = new StoreNode(
        old.value,
        old.permissions,
        children,
        listed ? ++this.#generations.last : old.generation,
      );
      if (listed && i > 0) {
        this.#grow(old.permissions.owner, children.listingBytes - old.children.listingBytes);
      }
      node = fresh;
      name = names[i - 1] ?? "";
    }
    if (node !== null) this.top = node;
  }

  #usage(domid: number): Usage {
    let usage = this.usage.get(domid);
    if (usage === undefined) this.usage.set(domid, usage = { nodes: 0, bytes: 0, mentions: 0 });
    return usage;
  }

  #grow(domid: number, bytes: number): void {
    if (bytes !== 0) this.#usage(domid).bytes += bytes;
  }

  #addUsage(domid: number, { nodes, bytes, mentions }: Usage): void {
    const usage = this.#usage(domid);
    usage.nodes += nodes;
    usage.bytes += bytes;
    usage.mentions += mentions;
    this.#forget(domid, usage);
  }

  #account(node: StoreNode, sign: 1 | -1): void {
    const { entries, owner } = node.permissions;
    const usage = this.#usage(owner);
    const { size } = node;
    usage.nodes += sign;
    usage.bytes += sign * size;
    if (sign < 0) {
      this.replaced += size + NODE_BYTES;
      this.#forget(owner, usage);
    }
    for (let i = 1; i < entries.length; i++) {
      const domid = entries[i]?.domid ?? 0;
      const named = this.#usage(domid);
      named.mentions += sign;
      if (sign < 0) this.#forget(domid, named);
    }
  }

  /** Forgets a domain without any usage: permissions may name any number, and always new ones. */
  #forget(domid: number, { nodes, bytes, mentions }: Usage): void {
    if (nodes === 0 && bytes === 0 && mentions === 0) this.usage.delete(domid);
  }
}
