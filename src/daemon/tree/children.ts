// The children of a node: an immutable map from names to nodes that keeps the order in which they were made.

import { type Branch, emptyBranch, find, hashName, inOrder, Leaf, put, remove } from "./children_trie.ts";

/** Children, none of which ever changes: what changes one of them gives another map, which shares all that is alike. */
export interface Children<T> {
  /** How many there are. */
  readonly size: number;
  /** Bytes of the {@linkcode Children.listing}. */
  readonly listingBytes: number;
  /** The child of this name. */
  get(name: string): T | undefined;
  /** Returns the map with one child replaced in its place or, if the name is new, appended. */
  with(name: string, child: T): Children<T>;
  /** Returns the map without one child; the same map if it does not have this name. */
  without(name: string): Children<T>;
  /** Returns the names in order, each with a NUL after it. */
  listing(): string;
  /** Names and children, in their order. */
  entries(): Iterable<readonly [name: string, child: T]>;
  /** Returns a number that grows with the place in the order; -1 if the map does not have this name. */
  position(name: string): number;
}

/** More than so many are kept in a trie. */
const SMALL_MAX = 32;
/** A trie that has shrunk to so many is given up: fewer than above, so that one that comes and goes costs nothing. */
const LARGE_MIN = 16;

/** The names of a few children: all maps of the same names share them. */
class Names {
  readonly list: readonly string[];
  readonly bytes: number;
  #listing: string | null = null;
  /** A character for each name: to look through them is to look at one text, and at few of the names. */
  #marks: string | null = null;

  constructor(list: readonly string[], bytes: number) {
    this.list = list;
    this.bytes = bytes;
  }

  get listing(): string {
    return this.#listing ??= listingOf(this.list);
  }

  /** The place of a name, or -1. */
  indexOf(name: string): number {
    const { list } = this;
    const marks = this.#marks ??= marksOf(list);
    const mark = markOf(name);
    for (let i = 0; i < marks.length; i++) if (marks.charCodeAt(i) === mark && list[i] === name) return i;
    return -1;
  }
}

/** A few children, in two lists. */
class SmallChildren<T> implements Children<T> {
  readonly #names: Names;
  readonly #children: readonly T[];

  constructor(names: Names, children: readonly T[]) {
    this.#names = names;
    this.#children = children;
  }

  get size(): number {
    return this.#children.length;
  }

  get listingBytes(): number {
    return this.#names.bytes;
  }

  get(name: string): T | undefined {
    const at = this.#names.indexOf(name);
    return at < 0 ? undefined : this.#children[at];
  }

  with(name: string, child: T): Children<T> {
    const at = this.#names.indexOf(name);
    if (at >= 0) return new SmallChildren(this.#names, this.#children.with(at, child));
    const { list, bytes } = this.#names;
    if (list.length === SMALL_MAX) return LargeChildren.of(this.entries()).with(name, child);
    const names = new Names(appended(list, name), bytes + name.length + 1);
    return new SmallChildren(names, appended(this.#children, child));
  }

  without(name: string): Children<T> {
    const at = this.#names.indexOf(name);
    if (at < 0) return this;
    if (this.size === 1) return noChildren();
    const names = new Names(this.#names.list.toSpliced(at, 1), this.#names.bytes - name.length - 1);
    return new SmallChildren(names, this.#children.toSpliced(at, 1));
  }

  listing(): string {
    return this.#names.listing;
  }

  *entries(): Generator<readonly [name: string, child: T]> {
    const { list } = this.#names;
    for (const [i, child] of this.#children.entries()) yield [list[i] ?? "", child];
  }

  position(name: string): number {
    return this.#names.indexOf(name);
  }
}

/** Many children, in a trie; each has the number under which it was appended. */
class LargeChildren<T> implements Children<T> {
  readonly size: number;
  readonly listingBytes: number;
  readonly #root: Branch<T>;
  /** The number of the next that is appended. */
  readonly #next: number;
  /** Shared by all maps of the same names. */
  readonly #cache: { listing: string | null };

  constructor(
    root: Branch<T>,
    size: number,
    listingBytes: number,
    next: number,
    cache: { listing: string | null } = { listing: null },
  ) {
    this.#root = root;
    this.size = size;
    this.listingBytes = listingBytes;
    this.#next = next;
    this.#cache = cache;
  }

  static of<T>(entries: Iterable<readonly [name: string, child: T]>): Children<T> {
    let children: Children<T> = new LargeChildren<T>(emptyBranch(), 0, 0, 0);
    for (const [name, child] of entries) children = children.with(name, child);
    return children;
  }

  get(name: string): T | undefined {
    return find(this.#root, hashName(name), name)?.child;
  }

  with(name: string, child: T): Children<T> {
    const { size, listingBytes } = this;
    const hash = hashName(name);
    const before = find(this.#root, hash, name);
    if (before !== undefined) {
      const root = put(this.#root, hash, new Leaf(before.name, before.order, child));
      return new LargeChildren(root, size, listingBytes, this.#next, this.#cache);
    }
    const root = put(this.#root, hash, new Leaf(name, this.#next, child));
    return new LargeChildren(root, size + 1, listingBytes + name.length + 1, this.#next + 1);
  }

  without(name: string): Children<T> {
    const hash = hashName(name);
    if (find(this.#root, hash, name) === undefined) return this;
    const root = remove(this.#root, hash, name);
    const listingBytes = this.listingBytes - name.length - 1;
    if (this.size - 1 > LARGE_MIN) return new LargeChildren(root, this.size - 1, listingBytes, this.#next);
    const leaves = inOrder(root);
    return new SmallChildren(new Names(leaves.map(({ name }) => name), listingBytes), leaves.map(({ child }) => child));
  }

  listing(): string {
    return this.#cache.listing ??= listingOf(inOrder(this.#root).map(({ name }) => name));
  }

  *entries(): Generator<readonly [name: string, child: T]> {
    for (const { name, child } of inOrder(this.#root)) yield [name, child];
  }

  position(name: string): number {
    return find(this.#root, hashName(name), name)?.order ?? -1;
  }
}

const NONE: Children<never> = new SmallChildren<never>(new Names([], 0), []);

/** No children: one map for all nodes that have none. */
export function noChildren<T>(): Children<T> {
  return NONE as Children<T>;
}

/** A byte of a name in which most of a directory's names differ. */
function markOf(name: string): number {
  const { length } = name;
  return length === 0 ? 0 : (name.charCodeAt(length - 1) * 33 ^ name.charCodeAt(length >> 1) ^ length) & 0xff;
}

function marksOf(names: readonly string[]): string {
  let marks = "";
  for (const name of names) marks += String.fromCharCode(markOf(name));
  return marks;
}

function listingOf(names: readonly string[]): string {
  return names.length === 0 ? "" : `${names.join("\0")}\0`;
}

/** A list with one more, and no room for others. */
function appended<V>(list: readonly V[], one: V): readonly V[] {
  return list.toSpliced(list.length, 0, one);
}
