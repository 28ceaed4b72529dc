// Writes differences to a store, with many requests in flight.

import { isEqual } from "../wire/text.ts";
import type { TreeDifference } from "./differences.ts";
import { InFlight } from "./in_flight.ts";
import { hasEqualPermissions, isWithin } from "./tree_node.ts";
import { childPath } from "../wire/path.ts";

/** Changes a tree: a connection in a transaction. Paths and permissions are byte strings. */
export interface WritableTree {
  /** Writes a value, and makes the node and its parents if necessary. */
  write(path: string, value: Uint8Array): Promise<void>;
  /** Makes a node unless it exists. */
  mkdir(path: string): Promise<void>;
  /** Sets the permissions of a node. */
  setPermissions(path: string, permissions: readonly string[]): Promise<void>;
  /** Removes a node and everything below it. */
  remove(path: string): Promise<void>;
}

/** Writes differences in the order of a dump. Throws the first error of a request, from any later call. */
export class TreeWriter {
  readonly #tree: WritableTree;
  readonly #requests = new InFlight();
  /** The subtree that is removed when the differences have left it: until then, it may still be read. */
  #removed: string | null = null;

  /** Makes a writer. */
  constructor(tree: WritableTree) {
    this.#tree = tree;
  }

  /** Writes one difference. Waits if too many requests are in flight. */
  async apply(difference: TreeDifference): Promise<void> {
    const { change, path } = difference;
    if (change === "removed") {
      if (this.#removed === null || !isWithin(path, this.#removed)) {
        await this.#remove();
        this.#removed = path;
      }
      return;
    }
    await this.#remove();
    const { after } = difference;
    const before = change === "changed" ? difference.before : null;
    if (before === null || !isEqual(before.value, after.value)) {
      await this.#requests.add(this.#tree.write(path, after.value));
    }
    if (before === null || !hasEqualPermissions(before, after)) {
      await this.#requests.add(this.#tree.setPermissions(path, after.permissions));
    }
    // Children that come before their turn are made now, so that the store lists them in this order.
    for (const name of after.order ?? []) await this.#requests.add(this.#tree.mkdir(childPath(path, name)));
  }

  /** Waits until all is written. */
  async end(): Promise<void> {
    await this.#remove();
    await this.#requests.end();
  }

  async #remove(): Promise<void> {
    const path = this.#removed;
    this.#removed = null;
    if (path !== null) await this.#requests.add(this.#tree.remove(path));
  }
}
