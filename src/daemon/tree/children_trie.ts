// A trie of names by their hashes, 32 ways at each level, that never changes: what changes it gives another.

import type { Edit, Owner } from "./owner.ts";

const BITS = 5;
const MASK = 31;
/** The shift of the deepest level: names that are alike in all bits of their hashes share a bucket below it. */
const DEEPEST = 30;
/** FNV-1a's own start. */
const FNV_START = 0x811c9dc5;
/**
 * A number for each byte of a name, other ones in each process: a guest cannot choose names whose hashes are alike. A
 * random start alone does not do: names that are alike from one start are alike from every 64th.
 */
const CODES: Uint32Array = crypto.getRandomValues(new Uint32Array(256));
/** With fewer numbers than so many to a leaf, each leaf is put into its place; with more, they are sorted. */
const SPARSE = 8;

/** What a trie holds under a name. */
export interface Child {
  readonly name: string;
  /** The place in the order of creation: it grows from one child to the next, with gaps. */
  readonly order: number;
  /** Whether the name is this one. */
  isNamed(name: string): boolean;
}

/** Two names or more of the same hash, sorted by name: many of them take few comparisons. */
class Bucket<T extends Child> {
  readonly leaves: readonly T[];

  constructor(leaves: readonly T[]) {
    this.leaves = leaves;
  }

  /** The index of the first leaf whose name does not come before this one. */
  #indexOf(name: string): number {
    const { leaves } = this;
    let [low, high] = [0, leaves.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((leaves[middle]?.name ?? "") < name) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  find(name: string): T | undefined {
    const leaf = this.leaves[this.#indexOf(name)];
    return leaf?.isNamed(name) ? leaf : undefined;
  }

  with(leaf: T): Bucket<T> {
    const { name } = leaf;
    const at = this.#indexOf(name);
    return new Bucket(this.leaves.toSpliced(at, this.leaves[at]?.isNamed(name) ? 1 : 0, leaf));
  }

  /** The bucket without a name that it has; the other leaf if only two were left. */
  without(name: string): Bucket<T> | T | undefined {
    const leaves = this.leaves.toSpliced(this.#indexOf(name), 1);
    return leaves.length === 1 ? leaves[0] : new Bucket(leaves);
  }
}

type Slot<T extends Child> = Branch<T> | Bucket<T> | T;

/** One level: which of the 32 ways lead on, and where to. But for the root, there are two leaves or more below it. */
export class Branch<T extends Child> {
  readonly bitmap: number;
  readonly slots: Slot<T>[];
  readonly owner: Owner;

  /** Makes a level. */
  constructor(bitmap: number, slots: Slot<T>[], owner: Owner) {
    this.bitmap = bitmap;
    this.slots = slots;
    this.owner = owner;
  }
}

/** A trie without names. */
export function emptyBranch<T extends Child>(owner: Owner): Branch<T> {
  return new Branch<T>(0, [], owner);
}

/**
 * 32 bits of a name: FNV-1a over numbers of this process, and the last steps of MurmurHash3 so that all bits depend on
 * all of the name. `codes` has a number for each byte.
 */
export function hashName(name: string, codes: Uint32Array = CODES): number {
  let hash = FNV_START;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ (codes[name.charCodeAt(i)] ?? 0), 0x01000193);
  hash = Math.imul(hash ^ hash >>> 16, 0x85ebca6b);
  hash = Math.imul(hash ^ hash >>> 13, 0xc2b2ae35);
  return hash ^ hash >>> 16;
}

/** The leaf of a name. */
export function find<T extends Child>(root: Branch<T>, hash: number, name: string): T | undefined {
  let slot: Slot<T> | undefined = root;
  for (let shift = 0; slot instanceof Branch; shift += BITS) {
    const bit = bitOf(hash, shift);
    if ((slot.bitmap & bit) === 0) return undefined;
    slot = slot.slots[placeOf(slot.bitmap, bit)];
  }
  if (slot instanceof Bucket) return slot.find(name);
  return slot?.isNamed(name) ? slot : undefined;
}

/**
 * The trie with a leaf more, or with another leaf of a name. The same branch, changed in place, if the edit owns it and
 * changes in place.
 */
export function put<T extends Child>(branch: Branch<T>, hash: number, leaf: T, edit: Edit, shift = 0): Branch<T> {
  const { bitmap, slots } = branch;
  const bit = bitOf(hash, shift);
  const at = placeOf(bitmap, bit);
  const slot = slots[at];
  const { owner } = edit;
  if ((bitmap & bit) === 0 || slot === undefined) return new Branch(bitmap | bit, slots.toSpliced(at, 0, leaf), owner);
  const fresh = putInto(slot, hash, leaf, edit, shift + BITS);
  if (!edit.inPlace || branch.owner !== owner) return new Branch(bitmap, slots.with(at, fresh), owner);
  slots[at] = fresh;
  return branch;
}

function putInto<T extends Child>(slot: Slot<T>, hash: number, leaf: T, edit: Edit, shift: number): Slot<T> {
  if (slot instanceof Branch) return put(slot, hash, leaf, edit, shift);
  if (slot instanceof Bucket) return slot.with(leaf);
  const { name } = slot;
  return leaf.isNamed(name) ? leaf : together(slot, hashName(name), leaf, hash, edit.owner, shift);
}

/** What leads to two leaves of different names: as many levels as they have bits alike, and one more. */
function together<T extends Child>(
  a: T,
  hashA: number,
  b: T,
  hashB: number,
  owner: Owner,
  shift: number,
): Slot<T> {
  if (shift > DEEPEST) return new Bucket(a.name < b.name ? [a, b] : [b, a]);
  const [bitA, bitB] = [bitOf(hashA, shift), bitOf(hashB, shift)];
  if (bitA === bitB) return new Branch<T>(bitA, [together(a, hashA, b, hashB, owner, shift + BITS)], owner);
  return new Branch<T>(bitA | bitB, placeOf(bitA | bitB, bitA) === 0 ? [a, b] : [b, a], owner);
}

/** The trie without a name that it has. */
export function remove<T extends Child>(
  branch: Branch<T>,
  hash: number,
  name: string,
  owner: Owner,
  shift = 0,
): Branch<T> {
  const { bitmap, slots } = branch;
  const bit = bitOf(hash, shift);
  const at = placeOf(bitmap, bit);
  const rest = removeFrom(slots[at], hash, name, owner, shift + BITS);
  return rest === undefined
    ? new Branch(bitmap ^ bit, slots.toSpliced(at, 1), owner)
    : new Branch(bitmap, slots.with(at, rest), owner);
}

function removeFrom<T extends Child>(
  slot: Slot<T> | undefined,
  hash: number,
  name: string,
  owner: Owner,
  shift: number,
): Slot<T> | undefined {
  if (slot instanceof Bucket) return slot.without(name);
  if (!(slot instanceof Branch)) return undefined;
  const rest = remove(slot, hash, name, owner, shift);
  const [first] = rest.slots;
  return rest.slots.length === 1 && first !== undefined && !(first instanceof Branch) && !(first instanceof Bucket)
    ? first
    : rest;
}

/** The leaves, by their numbers. */
export function inOrder<T extends Child>(root: Branch<T>): T[] {
  const leaves: T[] = [];
  collect(root, leaves);
  let first = Infinity;
  let last = 0;
  for (const { order } of leaves) {
    if (order < first) first = order;
    if (order > last) last = order;
  }
  if (last - first > leaves.length * SPARSE) return leaves.sort((a, b) => a.order - b.order);
  const places = new Array<T | undefined>(leaves.length === 0 ? 0 : last - first + 1);
  for (const leaf of leaves) places[leaf.order - first] = leaf;
  return places.filter((leaf) => leaf !== undefined);
}

function collect<T extends Child>({ slots }: Branch<T>, leaves: T[]): void {
  for (const slot of slots) {
    if (slot instanceof Branch) collect(slot, leaves);
    else if (slot instanceof Bucket) { for (const leaf of slot.leaves) leaves.push(leaf); }
    else leaves.push(slot);
  }
}

function bitOf(hash: number, shift: number): number {
  return 1 << (hash >>> shift & MASK);
}

/** How many of the ways before this one lead on. */
function placeOf(bitmap: number, bit: number): number {
  let bits = bitmap & (bit - 1);
  bits -= bits >>> 1 & 0x55555555;
  bits = (bits & 0x33333333) + (bits >>> 2 & 0x33333333);
  return Math.imul(bits + (bits >>> 4) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
