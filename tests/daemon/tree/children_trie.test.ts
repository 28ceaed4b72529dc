// The trie of names by their hashes, if the hashes of thousands of names are alike.

import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import {
  type Branch,
  emptyBranch,
  find,
  hashName,
  inOrder,
  Leaf,
  put,
  remove,
} from "../../../src/daemon/tree/children_trie.ts";

const FNV_START = 0x811c9dc5;
const PRIME = 0x01000193;
const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
const COUNT = 8192;

/** The number that undoes a multiplication by an odd number, modulo 2^32. */
function inverse(odd: number): number {
  let result = odd;
  for (let i = 0; i < 5; i++) result = Math.imul(result, 2 - Math.imul(odd, result));
  return result;
}

/** The state of FNV-1a that a hash of hashName() was made of. */
function stateOf(hash: number): number {
  let state = Math.imul(hash ^ hash >>> 16, inverse(0xc2b2ae35));
  state = Math.imul(state ^ state >>> 13 ^ state >>> 26, inverse(0x85ebca6b));
  return (state ^ state >>> 16) >>> 0;
}

/** Names whose FNV-1a hashes from this start are alike: made of parts, each of which leads from the start to the start. */
function colliding(start: number): string[] {
  const prefixes = new Map<number, string>();
  const pieces = function* (): Generator<[a: number, b: number, c: number]> {
    for (let i = 0; i < 64 ** 3; i++) {
      yield [LETTERS.charCodeAt(i >> 12), LETTERS.charCodeAt(i >> 6 & 63), LETTERS.charCodeAt(i & 63)];
    }
  };
  for (const codes of pieces()) {
    let state = start;
    for (const code of codes) state = Math.imul(state ^ code, PRIME);
    prefixes.set(state >>> 0, String.fromCharCode(...codes));
  }
  const parts: string[] = [];
  const undo = inverse(PRIME);
  for (const codes of pieces()) {
    let state = start;
    for (const code of codes.toReversed()) state = Math.imul(state, undo) ^ code;
    const prefix = prefixes.get(state >>> 0);
    if (prefix !== undefined) parts.push(prefix + String.fromCharCode(...codes));
  }
  let names = [""];
  while (names.length < COUNT) names = names.flatMap((name) => parts.slice(0, 2).map((part) => name + part));
  return names.slice(0, COUNT);
}

/** A leaf that counts how often the trie looks at its name. */
class CountingLeaf extends Leaf<number> {
  static looks = 0;

  constructor(name: string, order: number) {
    super(name, order, order);
    Object.defineProperty(this, "name", {
      get: () => {
        CountingLeaf.looks++;
        return name;
      },
    });
  }
}

/** Makes a trie of names, finds each, and removes each; returns how often a name was looked at for each on average. */
function looks(names: readonly string[]): number {
  CountingLeaf.looks = 0;
  let root: Branch<number> = emptyBranch();
  for (const [i, name] of names.entries()) root = put(root, hashName(name), new CountingLeaf(name, i));
  for (const [i, name] of names.entries()) assert(find(root, hashName(name), name)?.child === i);
  const { looks } = CountingLeaf;
  assertEquals(inOrder(root).map(({ child }) => child), names.map((_, i) => i));
  for (const name of names) root = remove(root, hashName(name), name);
  assertEquals(root.slots.length, 0);
  return looks / names.length;
}

describe("the trie of names", () => {
  test("has a seed, so that names chosen for one hash of plain FNV-1a have different ones", () => {
    const names = colliding(FNV_START);
    assertEquals(new Set(names).size, COUNT);
    assertEquals(new Set(names.map((name) => hashName(name, FNV_START))).size, 1);
    assert(new Set(names.map((name) => hashName(name))).size > COUNT / 2);
  });

  test("compares few names even if the hashes of thousands are alike", () => {
    const names = colliding(stateOf(hashName("")));
    assertEquals(new Set(names.map((name) => hashName(name))).size, 1);
    // 13 comparisons find one of 8,192 sorted names.
    const average = looks(names);
    assert(average < 60, `${average} looks at names for each name`);
  });
});
