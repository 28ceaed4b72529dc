// A trie of names by their hashes, 32 ways at each level, that never changes: what changes it gives another.

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

/** One name: its number in the order, and what it stands for. */
export class Leaf<T> {
  readonly name: string;
  readonly order: number;
  readonly child: T;

  /** Makes a leaf. */
  constructor(name: string, order: number, child: T) {
    this.name = name;
    this.order = order;
    this.child = child;
  }
}

/** Two names or more of the same hash, sorted by name: many of them take few comparisons. */
class Bucket<T> {
  readonly leaves: readonly Leaf<T>[];

  constructor(leaves: readonly Leaf<T>[]) {
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

  find(name: string): Leaf<T> | undefined {
    const leaf = this.leaves[this.#indexOf(name)];
    return leaf?.name === name ? leaf : undefined;
  }

  with(leaf: Leaf<T>): Bucket<T> {
    const at = this.#indexOf(leaf.name);
    return new Bucket(this.leaves.toSpliced(at, this.leaves[at]?.name === leaf.name ? 1 : 0, leaf));
  }

  /** The bucket without a name that it has; the other leaf if only two were left. */
  without(name: string): Bucket<T> | Leaf<T> | undefined {
    const leaves = this.leaves.toSpliced(this.#indexOf(name), 1);
    return leaves.length === 1 ? leaves[0] : new Bucket(leaves);
  }
}

type Slot<T> = Branch<T> | Leaf<T> | Bucket<T>;

/** One level: which of the 32 ways lead on, and where to. But for the root, there are two leaves or more below it. */
export class Branch<T> {
  readonly bitmap: number;
  readonly slots: readonly Slot<T>[];

  /** Makes a level. */
  constructor(bitmap: number, slots: readonly Slot<T>[]) {
    this.bitmap = bitmap;
    this.slots = slots;
  }
}

/** A trie without names. */
export function emptyBranch<T>(): Branch<T> {
  return new Branch<T>(0, []);
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
export function find<T>(root: Branch<T>, hash: number, name: string): Leaf<T> | undefined {
  let slot: Slot<T> | undefined = root;
  for (let shift = 0; slot instanceof Branch; shift += BITS) {
    const bit = bitOf(hash, shift);
    if ((slot.bitmap & bit) === 0) return undefined;
    slot = slot.slots[placeOf(slot.bitmap, bit)];
  }
  if (slot instanceof Bucket) return slot.find(name);
  return slot?.name === name ? slot : undefined;
}

/** The trie with a leaf more, or with another leaf of a name. */
export function put<T>(branch: Branch<T>, hash: number, leaf: Leaf<T>, shift = 0): Branch<T> {
  const { bitmap, slots } = branch;
  const bit = bitOf(hash, shift);
  const at = placeOf(bitmap, bit);
  const slot = slots[at];
  if ((bitmap & bit) === 0 || slot === undefined) return new Branch(bitmap | bit, slots.toSpliced(at, 0, leaf));
  return new Branch(bitmap, slots.with(at, putInto(slot, hash, leaf, shift + BITS)));
}

function putInto<T>(slot: Slot<T>, hash: number, leaf: Leaf<T>, shift: number): Slot<T> {
  if (slot instanceof Branch) return put(slot, hash, leaf, shift);
  if (slot instanceof Bucket) return slot.with(leaf);
  return slot.name === leaf.name ? leaf : together(slot, hashName(slot.name), leaf, hash, shift);
}

/** What leads to two leaves of different names: as many levels as they have bits alike, and one more. */
function together<T>(a: Leaf<T>, hashA: number, b: Leaf<T>, hashB: number, shift: number): Slot<T> {
  if (shift > DEEPEST) return new Bucket(a.name < b.name ? [a, b] : [b, a]);
  const [bitA, bitB] = [bitOf(hashA, shift), bitOf(hashB, shift)];
  if (bitA === bitB) return new Branch<T>(bitA, [together(a, hashA, b, hashB, shift + BITS)]);
  return new Branch<T>(bitA | bitB, placeOf(bitA | bitB, bitA) === 0 ? [a, b] : [b, a]);
}

/** The trie without a name that it has. */
export function remove<T>(branch: Branch<T>, hash: number, name: string, shift = 0): Branch<T> {
  const { bitmap, slots } = branch;
  const bit = bitOf(hash, shift);
  const at = placeOf(bitmap, bit);
  const rest = removeFrom(slots[at], hash, name, shift + BITS);
  return rest === undefined
    ? new Branch(bitmap ^ bit, slots.toSpliced(at, 1))
    : new Branch(bitmap, slots.with(at, rest));
}

function removeFrom<T>(slot: Slot<T> | undefined, hash: number, name: string, shift: number): Slot<T> | undefined {
  if (slot instanceof Bucket) return slot.without(name);
  if (!(slot instanceof Branch)) return undefined;
  const rest = remove(slot, hash, name, shift);
  const [first] = rest.slots;
  return rest.slots.length === 1 && first instanceof Leaf ? first : rest;
}

/** The leaves, by their numbers. */
export function inOrder<T>(root: Branch<T>): Leaf<T>[] {
  const leaves: Leaf<T>[] = [];
  collect(root, leaves);
  let first = Infinity;
  let last = 0;
  for (const { order } of leaves) {
    if (order < first) first = order;
    if (order > last) last = order;
  }
  if (last - first > leaves.length * SPARSE) return leaves.sort((a, b) => a.order - b.order);
  const places = new Array<Leaf<T> | undefined>(leaves.length === 0 ? 0 : last - first + 1);
  for (const leaf of leaves) places[leaf.order - first] = leaf;
  return places.filter((leaf) => leaf !== undefined);
}

function collect<T>({ slots }: Branch<T>, leaves: Leaf<T>[]): void {
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
