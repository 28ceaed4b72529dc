// The watches that are set. A change finds its watches without looking at the others.

import type { Watch } from "./domains.ts";
import type { StoreNode } from "../tree/tree.ts";

/** A path that watches wait at, and the node there. */
export interface Watched {
  readonly path: string;
  readonly node: StoreNode;
  /** What stands above the node. */
  readonly parent: StoreNode;
}

/** One name of the paths that are watched. */
class Branch {
  readonly watches = new Set<Watch>();
  readonly below = new Map<string, Branch>();
}

/** Sorts watches as their events are to be sent: by connection, and by age. */
export function byOrder(a: Watch, b: Watch): number {
  return a.connection.id - b.connection.id || a.order - b.order;
}

/** The name of a path that begins at `start`. */
function nameAt(path: string, start: number): string {
  const slash = path.indexOf("/", start);
  return slash < 0 ? path.slice(start) : path.slice(start, slash);
}

/** All watches, by the names of their paths. The root's name is "", as in the tree. */
export class WatchTrie {
  readonly #top = new Branch();

  /** Adds a watch. */
  add(watch: Watch): void {
    let branch = this.#top;
    for (const name of names(watch.path)) {
      let next = branch.below.get(name);
      if (next === undefined) branch.below.set(name, next = new Branch());
      branch = next;
    }
    branch.watches.add(watch);
  }

  /** Removes a watch, and the branches that held nothing else. */
  remove(watch: Watch): void {
    const way: [Branch, string][] = [];
    let branch = this.#top;
    for (const name of names(watch.path)) {
      way.push([branch, name]);
      const next = branch.below.get(name);
      if (next === undefined) return;
      branch = next;
    }
    branch.watches.delete(watch);
    for (let i = way.length - 1; i >= 0 && branch.watches.size === 0 && branch.below.size === 0; i--) {
      const [above, name] = way[i] ?? [this.#top, ""];
      above.below.delete(name);
      branch = above;
    }
  }

  /** The watches whose path this is. */
  at(path: string): Watch[] {
    return [...this.#find(path)?.watches ?? []];
  }

  /** The watches of a path and of those above it, as deep as each of them looks. */
  along(path: string): Watch[] {
    const found: Watch[] = [];
    const levels: Branch[] = [];
    let branch: Branch | undefined = this.#top;
    const length = path === "/" ? 0 : path.length;
    for (let start = 0; start <= length;) {
      const name = length === 0 ? "" : nameAt(path, start);
      branch = branch.below.get(name);
      levels.push(branch ?? none);
      if (branch === undefined) {
        // What is left of the path still counts for the depth of those above.
        for (let slash = path.indexOf("/", start); slash >= 0; slash = path.indexOf("/", slash + 1)) levels.push(none);
        break;
      }
      start += name.length + 1;
    }
    for (let i = 0; i < levels.length; i++) {
      for (const watch of levels[i]?.watches ?? []) {
        if (watch.depth < 0 || levels.length - 1 - i <= watch.depth) found.push(watch);
      }
    }
    return found;
  }

  /** The nodes below one that are themselves watched: children before their parents, in the order of the tree. */
  below(path: string, node: StoreNode): Watched[] {
    const found: Watched[] = [];
    const top = this.#find(path);
    if (top === undefined) return found;
    type Visit = { readonly branch: Branch; readonly watched: Watched; left: boolean };
    const stack: Visit[] = [{ branch: top, watched: { path, node, parent: node }, left: false }];
    for (let visit = stack.pop(); visit !== undefined; visit = stack.pop()) {
      const { branch, watched } = visit;
      if (visit.left) {
        if (branch.watches.size > 0 && branch !== top) found.push(watched);
        continue;
      }
      visit.left = true;
      stack.push(visit);
      const { children } = watched.node;
      const inner: [number, Visit][] = [];
      for (const [name, next] of branch.below) {
        const child = children.get(name);
        if (child === undefined) continue;
        const below: Watched = { path: `${watched.path}/${name}`, node: child, parent: watched.node };
        inner.push([children.position(name), { branch: next, watched: below, left: false }]);
      }
      for (const [, next] of inner.sort(([a], [b]) => b - a)) stack.push(next);
    }
    return found;
  }

  #find(path: string): Branch | undefined {
    let branch: Branch | undefined = this.#top;
    for (const name of names(path)) branch = branch?.below.get(name);
    return branch;
  }
}

const none = new Branch();

function names(path: string): string[] {
  return path === "/" ? [""] : path.split("/");
}
