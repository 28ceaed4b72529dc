// Random trees in a store, and reading a tree without the code under test.

import type { Client } from "../../src/client/client.ts";
import { formatPermission } from "../../src/wire/permissions.ts";
import type { Random } from "./random.ts";

const NAMES = ["-", "@", "A", "_", "z", "0", "b", "5", "k"] as const;
const LETTERS = ["n", "r", "w", "b"] as const;

/** How large a random tree is, and what it has. */
export interface Growth {
  readonly nodes: number;
  /** The largest number of bytes of a value. */
  readonly valueMax: number;
  /** The domids of permissions are below this one. */
  readonly domids: number;
}

/** Bytes of any kind, or text. */
export function randomValue(random: Random, max: number): Uint8Array {
  if (random.often(300)) return new TextEncoder().encode(random.of(["", "text é‮\n", '"quoted\\"', "\0", "4"]));
  const length = random.often(700) ? random.below(12) : random.below(max + 1);
  return Uint8Array.from({ length }, () => random.below(256));
}

/** Permissions of one to four domains. */
export function randomPermissions(random: Random, domids: number): string[] {
  return Array.from({ length: 1 + random.below(4) }, () => `${random.of(LETTERS)}${random.below(domids)}`);
}

/** Adds random nodes to a tree, deep, wide, or both. Returns the paths that were written. */
export async function growTree(store: Client, top: string, random: Random, growth: Growth): Promise<string[]> {
  await store.mkdir(top);
  const paths = [top];
  const shape = random.of(["deep", "wide", "both"]);
  for (let count = 0; count < growth.nodes; count++) {
    const last = paths[paths.length - 1] ?? top;
    const chosen = paths[random.below(paths.length)] ?? top;
    const isDeep = shape === "deep" ? random.often(900) : shape === "wide" ? random.often(50) : random.often(400);
    const parent = isDeep ? last : shape === "wide" ? top : chosen;
    const path = `${parent.length > 900 ? top : parent}/${random.of(NAMES)}${random.below(60)}`;
    await store.write(path, randomValue(random, growth.valueMax));
    await store.setPerms(path, randomPermissions(random, growth.domids));
    if (!paths.includes(path)) paths.push(path);
  }
  return paths;
}

/** Changes a tree: adds, changes and removes nodes, and changes permissions. */
export async function changeTree(store: Client, top: string, random: Random, growth: Growth): Promise<void> {
  const paths = (await readTree(store, top)).map(({ path }) => path);
  for (let count = 0; count < growth.nodes; count++) {
    const path = paths[random.below(paths.length)] ?? top;
    // It may be gone.
    if (!(await store.exists(path))) continue;
    const choice = random.below(5);
    if (choice === 0 && path !== top) await store.delete(path);
    else if (choice === 1) await store.write(path, randomValue(random, growth.valueMax));
    else if (choice === 2) await store.setPerms(path, randomPermissions(random, growth.domids));
    else if (path.length < 900) {
      await store.write(`${path}/${random.of(NAMES)}${random.below(60)}`, randomValue(random, growth.valueMax));
    }
  }
}

/** A node as the store shows it. */
export interface ShownNode {
  readonly path: string;
  readonly value: readonly number[];
  readonly permissions: readonly string[];
  readonly children: readonly string[];
}

/** Reads a tree: values, permissions, and the order of children. */
export async function readTree(store: Client, top: string): Promise<ShownNode[]> {
  const nodes: ShownNode[] = [];
  for await (const { path, value, children } of store.walk(top)) {
    const permissions = (await store.getPerms(path)).map(formatPermission);
    nodes.push({ path, value: [...value ?? []], permissions, children });
  }
  return nodes;
}
