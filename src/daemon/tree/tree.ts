// The tree: nodes that never change, and lists of them that change in place only if no other tree has them.

import type { Change, Usage } from "./changes.ts";
import { type Children, noChildren } from "./children.ts";
import { subtree } from "./listing.ts";
import { nodeText, StoreNode, valueLength } from "./store_node.ts";
import { type Edit, frozenEdit, Owner } from "./owner.ts";
import { baseName } from "./paths.ts";
import type { Permissions } from "./permissions.ts";

/** About how many bytes of memory a node takes in addition to its texts. */
const NODE_BYTES = 256;

const NOTHING: Readonly<Usage> = Object.freeze({ nodes: 0, bytes: 0, mentions: 0 });

/** A number that grows with every change, common to all views of a store. */
export interface Generations {
  last: number;
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
  /** Its mark is on the lists that this tree alone has. */
  #edit: Edit;
  #top: StoreNode;
  /** In a sketch, the one change of a node that is there, which is not in its tree yet. */
  #pending: { readonly above: StoreNode[]; readonly node: StoreNode } | null = null;

  /** Looks at the tree below a top. */
  constructor(top: StoreNode, generations: Generations, edit: Edit = { owner: new Owner(), inPlace: true }) {
    this.#top = top;
    this.#generations = generations;
    this.#edit = edit;
  }

  /**
   * What stands above the root. The tree below it never changes from now on: later changes of this view replace all
   * that leads to them.
   */
  get top(): StoreNode {
    this.#settle();
    this.#edit = { owner: new Owner(), inPlace: this.#edit.inPlace };
    return this.#top;
  }

  /** Whether the tree is the one of a top that was taken from a view: nothing has changed since. */
  isAt(top: StoreNode): boolean {
    this.#settle();
    return this.#top === top;
  }

  /** A view of its own of the tree as it is now. */
  fork(): View {
    return new View(this.top, this.#generations);
  }

  /**
   * A view of the tree for one change, which this view adopts or which is dropped. Until then nothing else may change
   * this view.
   */
  sketch(): View {
    this.#settle();
    return new View(this.#top, this.#generations, { owner: this.#edit.owner, inPlace: false });
  }

  /** The node at a path. */
  get(path: string): StoreNode | undefined {
    this.#settle();
    if (path === "/") return this.#top.children.get("");
    let node = this.#top;
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
    const { text, permissions, children, generation, order } = this.#current;
    this.#top = new StoreNode(text, permissions, children, generation, order);
  }

  /** The nearest node above a path that is there, the root at the last, and its path. */
  nearest(path: string): { readonly path: string; readonly node: StoreNode | undefined } {
    let node = this.#current;
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
    const pending = fork.#pending;
    this.#top = fork.#top;
    if (fork.#edit.owner !== this.#edit.owner) {
      // The lists that only the fork had are this tree's now, and the fork must not change them any more. A sketch has
      // lists in common with this tree, whose top, or its own, was taken since: those never change again.
      const owner = fork.#edit.inPlace ? fork.#edit.owner : new Owner();
      this.#edit = { owner, inPlace: this.#edit.inPlace };
      fork.#edit = frozenEdit();
    }
    if (pending !== null) this.#replace(pending.above, pending.node, false);
    this.replaced += fork.replaced;
    fork.usage.forEach((usage, domid) => this.#addUsage(domid, usage));
  }

  /** What the nodes of a domain come to. */
  usageOf(domid: number): Readonly<Usage> {
    return this.usage.get(domid) ?? NOTHING;
  }

  /**
   * Makes a node that is missing, and with the same permissions those that are missing above it. `text` is the text of
   * the node, if the caller has it.
   */
  make(
    path: string,
    value: string,
    permissions: Permissions,
    text: string = nodeText(baseName(path), value),
  ): StoreNode {
    const above = this.nearest(path).path;
    const start = above === "/" ? 1 : above.length + 1;
    const names = path.slice(start).split("/");
    let end = nameEnd(path, start);
    const way = this.#descend(path.slice(0, end));
    const order = way.above.at(-1)?.children.nextOrder ?? 0;
    const made = new StoreNode(
      text,
      permissions,
      noChildren(),
      ++this.#generations.last,
      names.length === 1 ? order : 0,
    );
    this.#account(made, 1);
    let first = made;
    // From below: that does not make those above anew each time, so that depth, which is up to guests, costs little.
    for (let i = names.length - 1; i > 0; i--) {
      const children = noChildren<StoreNode>().put(first, this.#edit);
      const place = i === 1 ? order : 0;
      first = new StoreNode(nodeText(names[i - 1] ?? "", ""), permissions, children, ++this.#generations.last, place);
      this.#account(first, 1);
    }
    this.#charge(way.above);
    this.#replace(way.above, first, true);
    for (; end < path.length; end = nameEnd(path, end + 1)) {
      this.changes.push({ kind: "put", path: path.slice(0, end), value: "", permissions });
    }
    this.changes.push({ kind: "put", path, value, permissions });
    return made;
  }

  /**
   * Makes a node, whose parent is there, or gives the one that is there a value and permissions. `text` is the text of
   * the node, if the caller has it.
   */
  put(
    path: string,
    value: string,
    permissions: Permissions,
    text: string = nodeText(baseName(path), value),
  ): StoreNode {
    const { above, node: old } = this.#descend(path);
    const order = old?.order ?? above.at(-1)?.children.nextOrder ?? 0;
    const children = old?.children ?? noChildren();
    const node = new StoreNode(text, permissions, children, ++this.#generations.last, order);
    if (old?.permissions === permissions) {
      this.replaced += old.size + NODE_BYTES;
      this.#grow(permissions.owner, valueLength(text) - valueLength(old.text));
    } else {
      this.#account(node, 1);
      if (old !== undefined) this.#account(old, -1);
    }
    this.#charge(above);
    if (old !== undefined && !this.#edit.inPlace) this.#pending = { above, node };
    else this.#replace(above, node, old === undefined);
    this.changes.push({ kind: "put", path, value, permissions });
    return node;
  }

  /** Removes a node with all below it; gives it as it was. */
  remove(path: string): StoreNode | undefined {
    const { above, name, node } = this.#descend(path);
    if (node === undefined) return undefined;
    if (node.children.size === 0) this.#account(node, -1);
    else for (const removed of subtree(node)) this.#account(removed, -1);
    this.#charge(above);
    const parent = above.pop();
    if (parent !== undefined) {
      this.#relist(above, parent, parent.children.without(name, this.#edit));
    }
    this.changes.push({ kind: "remove", path });
    return node;
  }

  get #current(): StoreNode {
    this.#settle();
    return this.#top;
  }

  /** Brings the pending change into the tree. */
  #settle(): void {
    if (this.#pending === null) return;
    const { above, node } = this.#pending;
    this.#pending = null;
    this.#replace(above, node, false);
  }

  /** The nodes above a path, from the top, the last name of the path, and the node itself. */
  #descend(path: string): { above: StoreNode[]; name: string; node: StoreNode | undefined } {
    const above: StoreNode[] = [];
    let name = "";
    let node: StoreNode | undefined = this.#current;
    const length = path === "/" ? 0 : path.length;
    for (let start = 0; start <= length;) {
      if (node === undefined) throw new RangeError(`cannot put "${path}": its parent does not exist`);
      const end = length === 0 ? 0 : nameEnd(path, start);
      name = path.slice(start, end);
      above.push(node);
      node = node.children.get(name);
      start = end + 1;
    }
    return { above, name, node };
  }

  /** Puts a node below the last of those above it. `relisted` says that the name is new there. */
  #replace(above: StoreNode[], node: StoreNode, relisted: boolean): void {
    for (let i = above.length - 1; i >= 0; i--) {
      const parent = above[i];
      if (parent === undefined) return;
      const children = parent.children.put(node, this.#edit);
      if (relisted) return this.#relist(above.slice(0, i), parent, children);
      // The list has changed in place, and so has the tree of all that leads to it.
      if (children === parent.children) return;
      node = new StoreNode(parent.text, parent.permissions, children, parent.generation, parent.order);
    }
    this.#top = node;
  }

  /** Gives a node other names of its children. */
  #relist(above: StoreNode[], parent: StoreNode, children: Children<StoreNode>): void {
    const { text, permissions, order } = parent;
    const isTop = above.length === 0;
    if (!isTop) this.#grow(permissions.owner, children.listingBytes - parent.children.listingBytes);
    this.#replace(above, new StoreNode(text, permissions, children, ++this.#generations.last, order), false);
  }

  /** Counts what leads to a change as replaced, even if it changes in place: that is what an old tree keeps. */
  #charge(above: readonly StoreNode[]): void {
    this.replaced += above.length * NODE_BYTES;
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
