// Values of nodes in a tree by path, so that a node is forgotten with all nodes below it; and their limit.

/** The bytes that a place counts beside its name, path and value: about what a runtime takes for the objects. */
const PLACE_BYTES = 320;

/** A part of a path. A node has a value, and a place without a value leads to nodes. */
interface Place {
  readonly name: string;
  readonly parent: Place | null;
  children: Map<string, Place> | null;
  node: { readonly path: string; readonly value: Uint8Array } | null;
}

/**
 * The limit that the values of many trees share. If the values exceed it, the tree that takes most memory forgets all
 * its values.
 */
export class ValueLimit {
  readonly #bytes: number;
  readonly #trees = new Set<KnownValues>();
  #used = 0;

  /** Makes a limit of a number of bytes, as {@linkcode KnownValues} counts them. */
  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /** The bytes of the values of all trees. */
  get used(): number {
    return this.#used;
  }

  /** Adds a tree, which calls {@linkcode changed}. */
  add(tree: KnownValues): void {
    this.#trees.add(tree);
  }

  /** Removes a tree, whose values count no more. */
  remove(tree: KnownValues): void {
    if (this.#trees.delete(tree)) this.#used -= tree.bytes;
  }

  /** Notes that a tree takes more or fewer bytes. */
  changed(tree: KnownValues, bytes: number): void {
    if (!this.#trees.has(tree)) return;
    this.#used += bytes;
    while (this.#used > this.#bytes) this.#largest().forget();
  }

  #largest(): KnownValues {
    return [...this.#trees].reduce((a, b) => a.bytes >= b.bytes ? a : b);
  }
}

/** The values of the nodes that a watch has delivered. */
export class KnownValues {
  readonly #limit: ValueLimit;
  #root = place("", null);
  #bytes = 0;

  /** Makes an empty tree, whose values count for a limit. */
  constructor(limit: ValueLimit) {
    this.#limit = limit;
    limit.add(this);
  }

  /** The bytes of all values and paths, and an amount for each place. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Returns a value; `null` if it is not known. */
  get(path: string): Uint8Array | null {
    return this.#find(path)?.node?.value ?? null;
  }

  /** Sets a value. */
  set(path: string, value: Uint8Array): void {
    let found = this.#root;
    let more = 0;
    for (const name of namesOf(path)) {
      found.children ??= new Map();
      let child = found.children.get(name);
      if (child === undefined) {
        child = place(name, found);
        found.children.set(name, child);
        more += bytesOf(child);
      }
      found = child;
    }
    more -= nodeBytesOf(found);
    found.node = { path, value };
    this.#changed(more + nodeBytesOf(found));
  }

  /** Deletes the value of a node that is gone, and those of the nodes below it. */
  delete(path: string): void {
    let gone = this.#find(path);
    if (gone === undefined) return;
    // The places that led to this node alone go with it.
    while (gone.parent !== null && gone.parent.node === null && gone.parent.children?.size === 1) gone = gone.parent;
    const { parent, name } = gone;
    if (parent === null) return this.#clear();
    let less = 0;
    for (const each of below(gone)) less += bytesOf(each) + nodeBytesOf(each);
    if (parent.children?.size === 1) parent.children = null;
    else parent.children?.delete(name);
    this.#changed(-less);
  }

  /** Forgets all values, of which some may be of nodes that are gone. */
  forget(): void {
    this.#clear();
  }

  /** Returns the paths whose values are known. */
  paths(): string[] {
    return [...below(this.#root)].flatMap(({ node }) => node === null ? [] : [node.path]);
  }

  #find(path: string): Place | undefined {
    let found: Place | undefined = this.#root;
    for (const name of namesOf(path)) {
      found = found.children?.get(name);
      if (found === undefined) return undefined;
    }
    return found;
  }

  // The root itself counts no bytes.
  #clear(): void {
    this.#root = place("", null);
    this.#changed(-this.#bytes);
  }

  #changed(bytes: number): void {
    this.#bytes += bytes;
    this.#limit.changed(this, bytes);
  }
}

function place(name: string, parent: Place | null): Place {
  return { name, parent, children: null, node: null };
}

/** Returns the names from the root on. An absolute path begins with an empty name, a relative path does not. */
function namesOf(path: string): string[] {
  return path === "/" ? [""] : path.split("/");
}

function bytesOf({ name }: Place): number {
  return PLACE_BYTES + name.length;
}

function nodeBytesOf({ node }: Place): number {
  return node === null ? 0 : node.path.length + node.value.length;
}

/** Iterates over a place and those below it, without a recursion that a deep path would make deep. */
function* below(from: Place): IterableIterator<Place> {
  const waiting = [from];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    yield next;
    for (const child of next.children?.values() ?? []) waiting.push(child);
  }
}
