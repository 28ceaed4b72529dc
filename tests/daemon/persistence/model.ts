// A simple store and random changes of it, for the tests of persistence.

import { Permissions } from "../../../src/daemon/tree/permissions.ts";
import type { Change } from "../../../src/daemon/tree/changes.ts";
import { parentPath } from "../../../src/daemon/tree/paths.ts";
import { randomFractions } from "../../support/random.ts";

/** A store: its nodes with their children in order, and its quotas. */
export class Model {
  readonly #nodes = new Map<string, { text: string; change: Change & { kind: "put" }; children: string[] }>();
  readonly #quotas = new Map<string, Change & { kind: "quota" }>();

  /** The paths of all nodes. */
  get paths(): string[] {
    return [...this.#nodes.keys()];
  }

  /** Applies changes. Throws if a node's parent does not exist. */
  apply(changes: Iterable<Change>): this {
    for (const change of changes) {
      if (change.kind === "quota") {
        this.#quotas.set(`${change.domid} ${change.name}`, change);
        continue;
      }
      if (change.kind === "forget") {
        for (const [key, { domid }] of this.#quotas) if (domid === change.domid) this.#quotas.delete(key);
        continue;
      }
      const { path } = change;
      const parent = path === "/" || path.startsWith("@") ? null : parentPath(path);
      const above = parent === null ? null : this.#nodes.get(parent);
      if (above === undefined) throw new Error(`${path} has no parent`);
      if (change.kind === "put") {
        const text = `${change.value} ${JSON.stringify(change.permissions.entries)}`;
        const old = this.#nodes.get(path);
        if (old === undefined) above?.children.push(path);
        this.#nodes.set(path, { text, change, children: old?.children ?? [] });
      } else {
        above?.children.splice(above.children.indexOf(path), 1);
        this.#removeAll(path);
      }
    }
    return this;
  }

  #removeAll(path: string): void {
    for (const child of this.#nodes.get(path)?.children ?? []) this.#removeAll(child);
    this.#nodes.delete(path);
  }

  /** The changes that build the store. */
  changes(): Change[] {
    const changes: Change[] = [...this.#quotas.values()];
    const add = (path: string): void => {
      const node = this.#nodes.get(path);
      if (node === undefined) return;
      changes.push(node.change);
      node.children.forEach(add);
    };
    this.paths.filter((path) => path === "/" || path.startsWith("@")).forEach(add);
    return changes;
  }

  /** The store as a text, which is equal for equal stores. */
  toString(): string {
    const nodes = [...this.#nodes].map(([path, { text, children }]) => `${path} ${text} [${children}]`);
    const quotas = [...this.#quotas].map(([key, { value }]) => `${key} ${value}`);
    return [...nodes.sort(), ...quotas.sort()].join("\n");
  }
}

/** The nodes of every new store. */
export const initial: readonly Change[] = ["/", "@introduceDomain", "@releaseDomain"].map((path) => ({
  kind: "put",
  path,
  value: "",
  permissions: permissionsOf(0),
}));

/** Permissions of an owner and of other domains. */
export function permissionsOf(owner: number, ...others: number[]): Permissions {
  return new Permissions([owner, ...others].map((domid, i) => ({ domid, rights: i % 4, ignored: i % 3 === 2 })));
}

/** Makes some random changes in a store, and returns them. */
export function randomBatch(model: Model, random: () => number): Change[] {
  const below = (limit: number): number => Math.floor(random() * limit);
  const batch: Change[] = [];
  for (let i = below(4); i >= 0; i--) {
    const paths = model.paths;
    const some = paths[below(paths.length)] ?? "/";
    const change = randomChange(some, below(10), below);
    model.apply([change]);
    batch.push(change);
  }
  return batch;
}

function randomChange(path: string, what: number, below: (limit: number) => number): Change {
  if (what === 0 && below(4) === 0) return { kind: "forget", domid: below(5) };
  if (what === 0) return { kind: "quota", domid: below(2) === 0 ? null : below(5), name: "nodes", value: below(2000) };
  const removable = path !== "/" && !path.startsWith("@");
  if (what < 3 && removable) return { kind: "remove", path };
  const value = String.fromCharCode(...Array.from({ length: below(30) }, () => below(256)));
  const permissions = permissionsOf(below(3), ...Array.from({ length: below(4) }, () => below(0x10000)));
  if (what < 5 || !removable && path !== "/") return { kind: "put", path, value, permissions };
  return { kind: "put", path: `${path === "/" ? "" : path}/n${below(50)}`, value, permissions };
}

/** A random store and its batches: `states[n]` is the store after the first n batches. */
export interface History {
  readonly batches: readonly (readonly Change[])[];
  readonly states: readonly string[];
  /** The changes that build the store after so many batches. */
  changesAt(count: number): Change[];
}

/** A random history of so many batches, which is equal for equal seeds. */
export function historyOf(seed: number, count: number): History {
  const random = randomFractions(seed);
  const model = new Model().apply(initial);
  const batches: (readonly Change[])[] = [initial];
  const states = ["", model.toString()];
  while (batches.length < count) {
    batches.push(randomBatch(model, random));
    states.push(model.toString());
  }
  const changesAt = (end: number): Change[] => new Model().apply(batches.slice(0, end).flat()).changes();
  return { batches, states, changesAt };
}

/** The store that results from changes, as a text. */
export function stateOf(changes: Iterable<Change>): string {
  return new Model().apply(changes).toString();
}
