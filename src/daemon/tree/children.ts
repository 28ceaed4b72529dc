// The children of a node: a map from names to nodes that keeps the order in which they were made.

import { type Branch, type Child, emptyBranch, find, hashName, inOrder, put, remove } from "./children_trie.ts";
import type { Edit, Owner } from "./owner.ts";

/**
 * Children in order. A change gives another map, which shares all that is alike. There is one exception: an edit that
 * owns the map may replace a child in place, since no other tree has the map.
 */
export interface Children<T extends Child> {
  /** How many there are. */
  readonly size: number;
  /** Bytes of the {@linkcode Children.listing}. */
  readonly listingBytes: number;
  /** The order that the next new child gets. */
  readonly nextOrder: number;
  /** The child of this name. */
  get(name: string): T | undefined;
  /**
   * Returns the map with one child replaced, which has the same order, or appended, which has the next order. Returns
   * the same map if the edit replaced the child in place.
   */
  put(child: T, edit: Edit): Children<T>;
  /** Returns the map without one child; the same map if it does not have this name. */
  without(name: string, edit: Edit): Children<T>;
  /** Returns the names in order, each with a NUL after it. */
  listing(): string;
  /** Returns the children in order. */
  list(): readonly T[];
}

/** More than so many are kept in a trie. */
const SMALL_MAX = 32;
/** A trie that has shrunk to so many is given up: fewer than above, so that one that comes and goes costs nothing. */
const LARGE_MIN = 16;

/** A few children, in one list. */
class SmallChildren<T extends Child> implements Children<T> {
  readonly listingBytes: number;
  readonly #owner: Owner;
  /** A character for each name: to look through them is to look at one text, and at few of the nodes. */
  readonly #marks: string;
  readonly #children: T[];
  #listing: string | null;

  constructor(owner: Owner, children: T[], marks: string, listingBytes: number, listing: string | null) {
    this.#owner = owner;
    this.#children = children;
    this.#marks = marks;
    this.listingBytes = listingBytes;
    this.#listing = listing;
  }

  static of<T extends Child>(owner: Owner, children: T[], listingBytes: number): Children<T> {
    let marks = "";
    for (const { name } of children) marks += String.fromCharCode(markOf(name));
    return new SmallChildren(owner, children, marks, listingBytes, null);
  }

  get size(): number {
    return this.#children.length;
  }

  get nextOrder(): number {
    return (this.#children.at(-1)?.order ?? -1) + 1;
  }

  get(name: string): T | undefined {
    const mark = markOf(name);
    const marks = this.#marks;
    for (let i = 0; i < marks.length; i++) {
      if (marks.charCodeAt(i) !== mark) continue;
      const child = this.#children[i];
      if (child !== undefined && child.isNamed(name)) return child;
    }
    return undefined;
  }

  put(child: T, { owner, inPlace }: Edit): Children<T> {
    const { name } = child;
    const at = this.#indexOf(name);
    const children = this.#children;
    if (at >= 0) {
      if (!inPlace || this.#owner !== owner) {
        return new SmallChildren(owner, children.with(at, child), this.#marks, this.listingBytes, this.#listing);
      }
      children[at] = child;
      return this;
    }
    if (children.length === SMALL_MAX) return LargeChildren.of(owner, appended(children, child));
    const marks = this.#marks + String.fromCharCode(markOf(name));
    return new SmallChildren(owner, appended(children, child), marks, this.listingBytes + name.length + 1, null);
  }

  without(name: string, { owner }: Edit): Children<T> {
    const at = this.#indexOf(name);
    if (at < 0) return this;
    if (this.size === 1) return noChildren();
    const marks = this.#marks.slice(0, at) + this.#marks.slice(at + 1);
    return new SmallChildren(owner, this.#children.toSpliced(at, 1), marks, this.listingBytes - name.length - 1, null);
  }

  listing(): string {
    return this.#listing ??= listingOf(this.#children);
  }

  list(): readonly T[] {
    return this.#children;
  }

  /** The place of a name, or -1. */
  #indexOf(name: string): number {
    const mark = markOf(name);
    const marks = this.#marks;
    for (let i = 0; i < marks.length; i++) {
      if (marks.charCodeAt(i) === mark && this.#children[i]?.isNamed(name) === true) return i;
    }
    return -1;
  }
}

/** Many children, in a trie. */
class LargeChildren<T extends Child> implements Children<T> {
  readonly size: number;
  readonly listingBytes: number;
  readonly nextOrder: number;
  readonly #root: Branch<T>;
  /** Shared by all maps of the same names. */
  readonly #cache: { listing: string | null };

  constructor(
    root: Branch<T>,
    size: number,
    listingBytes: number,
    nextOrder: number,
    cache: { listing: string | null } = { listing: null },
  ) {
    this.#root = root;
    this.size = size;
    this.listingBytes = listingBytes;
    this.nextOrder = nextOrder;
    this.#cache = cache;
  }

  static of<T extends Child>(owner: Owner, list: readonly T[]): Children<T> {
    const edit = { owner, inPlace: false };
    let children: Children<T> = new LargeChildren<T>(emptyBranch(owner), 0, 0, 0);
    for (const child of list) children = children.put(child, edit);
    return children;
  }

  get(name: string): T | undefined {
    return find(this.#root, hashName(name), name);
  }

  put(child: T, edit: Edit): Children<T> {
    const { size, listingBytes } = this;
    const { name } = child;
    const hash = hashName(name);
    const before = find(this.#root, hash, name);
    if (before !== undefined) {
      const root = put(this.#root, hash, child, edit);
      return root === this.#root ? this : new LargeChildren(root, size, listingBytes, this.nextOrder, this.#cache);
    }
    // A map of other names must not change with this one.
    const root = put(this.#root, hash, child, edit.inPlace ? { owner: edit.owner, inPlace: false } : edit);
    return new LargeChildren(root, size + 1, listingBytes + name.length + 1, child.order + 1);
  }

  without(name: string, { owner }: Edit): Children<T> {
    const hash = hashName(name);
    if (find(this.#root, hash, name) === undefined) return this;
    const root = remove(this.#root, hash, name, owner);
    const listingBytes = this.listingBytes - name.length - 1;
    if (this.size - 1 > LARGE_MIN) return new LargeChildren(root, this.size - 1, listingBytes, this.nextOrder);
    return SmallChildren.of(owner, inOrder(root), listingBytes);
  }

  listing(): string {
    return this.#cache.listing ??= listingOf(inOrder(this.#root));
  }

  list(): readonly T[] {
    return inOrder(this.#root);
  }
}

const NONE: Children<never> = SmallChildren.of<never>({}, [], 0);

/** No children: one map for all nodes that have none. */
export function noChildren<T extends Child = Child>(): Children<T> {
  return NONE as Children<Child> as Children<T>;
}

/** A byte of a name in which most of a directory's names differ. */
function markOf(name: string): number {
  const { length } = name;
  return length === 0 ? 0 : (name.charCodeAt(length - 1) * 33 ^ name.charCodeAt(length >> 1) ^ length) & 0xff;
}

function listingOf(children: readonly Child[]): string {
  let listing = "";
  for (const { name } of children) listing += `${name}\0`;
  return listing;
}

/** A list with one more, and no room for others. */
function appended<V>(list: readonly V[], one: V): V[] {
  return list.toSpliced(list.length, 0, one);
}
