// The watches that are set. A change finds its watches without looking at the others.

import type { Watch } from "./domains.ts";
import type { StoreNode } from "../tree/store_node.ts";

/** A path that watches wait at, and the node there. */
export interface Watched {
  readonly path: string;
  readonly node: StoreNode;
  /** What stands above the node. */
  readonly parent: StoreNode;
}

/**
 * A place in the paths that are watched: one at which watches wait, or at which such paths part. Names without either
 * have no branch of their own, however many there are: guests decide how deep the paths of their watches are.
 */
class Branch {
  readonly watches: Set<Watch> = new Set();
  /** The branches below, by the first name of their labels. */
  readonly below: Map<string, Branch> = new Map();
  #label: string;
  #levels: number;

  constructor(label: string) {
    this.#label = label;
    this.#levels = levelsOf(label);
  }

  /** The names that lead here from the branch above, with a "/" between them. */
  get label(): string {
    return this.#label;
  }

  /** How many names the label has. */
  get levels(): number {
    return this.#levels;
  }

  relabel(label: string): void {
    this.#label = label;
    this.#levels = levelsOf(label);
  }
}

/** A step down from a branch: the branch below, and how much of its label the path shares. */
interface Step {
  readonly branch: Branch;
  /** The characters of the label that the path shares, in whole names. */
  readonly shared: number;
}

/** Sorts watches as their events are to be sent: by connection, and by age. */
export function byOrder(a: Watch, b: Watch): number {
  return a.connection.id - b.connection.id || a.order - b.order;
}

/** All watches, by the names of their paths. The root's name is "", as in the tree. */
export class WatchTrie {
  readonly #top = new Branch("");

  /** Adds a watch. */
  add(watch: Watch): void {
    const path = keyOf(watch.path);
    let branch = this.#top;
    for (let start = 0; start <= path.length;) {
      const step = descend(branch, path, start);
      if (step === null) {
        const added = new Branch(path.slice(start));
        branch.below.set(nameAt(path, start), added);
        branch = added;
        break;
      }
      branch = step.shared === step.branch.label.length ? step.branch : split(branch, step);
      start += step.shared + 1;
    }
    branch.watches.add(watch);
  }

  /** Removes a watch, and the branches that are no longer needed. */
  remove(watch: Watch): void {
    const path = keyOf(watch.path);
    const above: Branch[] = [];
    let branch = this.#top;
    for (let start = 0; start <= path.length;) {
      const step = descend(branch, path, start);
      if (step === null || step.shared < step.branch.label.length) return;
      above.push(branch);
      branch = step.branch;
      start += step.shared + 1;
    }
    branch.watches.delete(watch);
    const parent = above.at(-1);
    if (parent === undefined || branch.watches.size > 0) return;
    if (branch.below.size > 0) return join(parent, branch);
    parent.below.delete(nameAt(branch.label, 0));
    const grandparent = above.at(-2);
    if (grandparent !== undefined && parent.watches.size === 0) join(grandparent, parent);
  }

  /** The watches whose path this is. */
  at(path: string): Watch[] {
    const place = this.#find(path);
    return place !== null && place.rest === "" ? [...place.branch.watches] : [];
  }

  /** The watches of a path and of those above it, as deep as each of them looks. */
  along(path: string): Watch[] {
    const found: Watch[] = [];
    const key = keyOf(path);
    let depth = levelsOf(key);
    let branch = this.#top;
    for (let start = 0; start <= key.length;) {
      const step = descend(branch, key, start);
      if (step === null || step.shared < step.branch.label.length) break;
      branch = step.branch;
      depth -= branch.levels;
      start += step.shared + 1;
      for (const watch of branch.watches) if (watch.depth < 0 || depth <= watch.depth) found.push(watch);
    }
    return found;
  }

  /** The nodes below one that are themselves watched: children before their parents, in the order of the tree. */
  below(path: string, node: StoreNode): Watched[] {
    const found: Watched[] = [];
    const top = this.#find(path);
    if (top === null) return found;
    type Visit = { readonly branch: Branch; readonly watched: Watched; left: boolean };
    const stack: Visit[] = [];
    /** Visits branches in the order of their nodes, the first of them first. */
    const push = (parts: Iterable<[branch: Branch, names: string]>, from: Watched): void => {
      const inner: [number, Visit][] = [];
      for (const [branch, names] of parts) {
        const watched = follow(from, names);
        if (watched === null) continue;
        inner.push([from.node.children.get(nameAt(names, 0))?.order ?? -1, { branch, watched, left: false }]);
      }
      for (const [, visit] of inner.sort(([a], [b]) => b - a)) stack.push(visit);
    };
    const start: Watched = { path, node, parent: node };
    push(top.rest === "" ? labeled(top.branch) : [[top.branch, top.rest]], start);
    for (let visit = stack.pop(); visit !== undefined; visit = stack.pop()) {
      const { branch, watched } = visit;
      if (visit.left) {
        if (branch.watches.size > 0) found.push(watched);
        continue;
      }
      visit.left = true;
      stack.push(visit);
      push(labeled(branch), watched);
    }
    return found;
  }

  /** The nearest branch at a path or below it, and the names that lead there from the path. */
  #find(path: string): { readonly branch: Branch; readonly rest: string } | null {
    const key = keyOf(path);
    let branch = this.#top;
    for (let start = 0; start <= key.length;) {
      const step = descend(branch, key, start);
      if (step === null) return null;
      branch = step.branch;
      start += step.shared + 1;
      if (step.shared < branch.label.length) {
        return start > key.length ? { branch, rest: branch.label.slice(step.shared + 1) } : null;
      }
    }
    return { branch, rest: "" };
  }
}

/** The names of a path, with a "/" between them. */
function keyOf(path: string): string {
  return path === "/" ? "" : path;
}

/** The name that begins at `start`. */
function nameAt(path: string, start: number): string {
  const slash = path.indexOf("/", start);
  return slash < 0 ? path.slice(start) : path.slice(start, slash);
}

/** How many names a path has. */
function levelsOf(path: string): number {
  let levels = 1;
  for (let slash = path.indexOf("/"); slash >= 0; slash = path.indexOf("/", slash + 1)) levels++;
  return levels;
}

/** Descends to the branch that the rest of a path leads to, or into whose label; null if it does not exist. */
function descend(branch: Branch, path: string, start: number): Step | null {
  const next = branch.below.get(nameAt(path, start));
  return next === undefined ? null : { branch: next, shared: sharedNames(next.label, path, start) };
}

/** How many characters of a label a path shares from `start` on, in whole names. */
function sharedNames(label: string, path: string, start: number): number {
  if (path.startsWith(label, start) && isEnd(path, start + label.length)) return label.length;
  let shared = 0;
  for (let i = 0; i <= label.length; i++) {
    if (isEnd(label, i) && isEnd(path, start + i)) shared = i;
    if (label[i] !== path[start + i]) break;
  }
  return shared;
}

/** Whether a name ends before this index. */
function isEnd(path: string, at: number): boolean {
  return at === path.length || path[at] === "/";
}

/** Splits the branch of a step in two, after the names that the path shares. Returns the upper one. */
function split(above: Branch, { branch, shared }: Step): Branch {
  const upper = new Branch(branch.label.slice(0, shared));
  branch.relabel(branch.label.slice(shared + 1));
  upper.below.set(nameAt(branch.label, 0), branch);
  above.below.set(nameAt(upper.label, 0), upper);
  return upper;
}

/** Joins a branch without watches with the only branch below it. */
function join(above: Branch, branch: Branch): void {
  const [only, ...more] = branch.below.values();
  if (only === undefined || more.length > 0) return;
  only.relabel(`${branch.label}/${only.label}`);
  above.below.set(nameAt(only.label, 0), only);
}

/** The branches below one, with the names that lead to them. */
function* labeled({ below }: Branch): Generator<[branch: Branch, names: string]> {
  for (const branch of below.values()) yield [branch, branch.label];
}

/** Follows names down from a node. Returns null if one of them does not exist. */
function follow(from: Watched, names: string): Watched | null {
  let { path, node, parent } = from;
  for (const name of names.split("/")) {
    const child = node.children.get(name);
    if (child === undefined) return null;
    [path, parent, node] = [`${path}/${name}`, node, child];
  }
  return { path, node, parent };
}
