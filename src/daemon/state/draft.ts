// A change of the store: worked out on a fork of the tree, persisted, and only then applied.

import type { Permissions } from "../tree/permissions.ts";
import type { StoreNode } from "../tree/store_node.ts";
import type { View } from "../tree/tree.ts";
import type { Failure } from "./failure.ts";

/** A fork of the tree that notes what is changed on it, so that the watches of the change fire later. */
export interface WorkingTree {
  /** The fork. */
  readonly view: View;
  /** Notes that a node was made or changed. `before` are the permissions that it had, if the change replaced them. */
  changed(path: string, node: StoreNode, before: Permissions | null): void;
  /** Notes that a node is about to be removed with all nodes below it. Returns a failure if a quota forbids that. */
  removed(path: string, node: StoreNode): Failure | null;
}

/** Fires the watches of a change that is visible to all. */
export interface ChangeEvents {
  /** A node was made or changed. */
  changed(path: string, node: StoreNode, before: Permissions | null): void;
  /** A node was removed with all nodes below it. */
  removed(path: string, node: StoreNode): void;
}

/**
 * A change that belongs to no transaction. Nothing outside the draft changes before the store applies it, so that a
 * draft that cannot be persisted is dropped and costs nothing more.
 */
export class Draft implements WorkingTree {
  readonly view: View;
  readonly #events: ChangeEvents;
  readonly #effects: (() => void)[] = [];

  /** Starts without effects, on a fork of the tree. */
  constructor(view: View, events: ChangeEvents) {
    this.view = view;
    this.#events = events;
  }

  changed(path: string, node: StoreNode, before: Permissions | null): void {
    this.#effects.push(() => this.#events.changed(path, node, before));
  }

  removed(path: string, node: StoreNode): null {
    this.#effects.push(() => this.#events.removed(path, node));
    return null;
  }

  /** Adds an effect: it runs when the tree has been replaced, after the effects that were added before it. */
  afterwards(effect: () => void): void {
    this.#effects.push(effect);
  }

  /** Runs the effects in order. For the store, once it has replaced its tree. */
  takeEffect(): void {
    for (const effect of this.#effects) effect();
  }
}
