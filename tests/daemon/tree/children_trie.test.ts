// The trie of names by their hashes, if the hashes of thousands of names are alike.

import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import {
  type Branch,
  type Child,
  emptyBranch,
  find,
  hashName,
  inOrder,
  put,
  remove,
} from "../../../src/daemon/tree/children_trie.ts";
import { frozenEdit } from "../../../src/daemon/tree/owner.ts";

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

/** The number that the hash of this process has for each letter: the step from the start undone. */
function codesOfProcess(): Uint32Array {
  const start = stateOf(hashName(""));
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    return Math.imul(stateOf(hashName(String.fromCharCode(byte))), inverse(PRIME)) ^ start;
  });
}

/** Names whose hashes by these numbers are alike: made of parts, each of which leads from the start to the start. */
function colliding(codes: Uint32Array): string[] {
  const start = stateOf(hashName(""));
  const prefixes = new Map<number, string>();
  const pieces = function* (): Generator<string> {
    for (let i = 0; i < 64 ** 3; i++) yield `${LETTERS[i >> 12]}${LETTERS[i >> 6 & 63]}${LETTERS[i & 63]}`;
  };
  const codesOf = (piece: string) => [...piece].map((letter) => codes[letter.charCodeAt(0)] ?? 0);
  for (const piece of pieces()) {
    let state = start;
    for (const code of codesOf(piece)) state = Math.imul(state ^ code, PRIME);
    prefixes.set(state >>> 0, piece);
  }
  const parts: string[] = [];
  const undo = inverse(PRIME);
  for (const piece of pieces()) {
    let state = start;
    for (const code of codesOf(piece).toReversed()) state = Math.imul(state, undo) ^ code;
    const prefix = prefixes.get(state >>> 0);
    if (prefix !== undefined) parts.push(prefix + piece);
  }
  assert(parts.length >= 2, "too few parts lead from the start to the start");
  let names = [""];
  while (names.length < COUNT) names = names.flatMap((name) => parts.slice(0, 2).map((part) => name + part));
  return names.slice(0, COUNT);
}

/** A leaf that counts how often the trie looks at its name. */
class CountingLeaf implements Child {
  static looks = 0;
  readonly order: number;
  readonly #name: string;

  constructor(name: string, order: number) {
    this.#name = name;
    this.order = order;
  }

  get name(): string {
    CountingLeaf.looks++;
    return this.#name;
  }

  isNamed(name: string): boolean {
    CountingLeaf.looks++;
    return name === this.#name;
  }
}

/** Makes a trie of names, finds each, and removes each; returns how often a name was looked at for each on average. */
function looks(names: readonly string[]): number {
  CountingLeaf.looks = 0;
  const edit = frozenEdit();
  let root: Branch<CountingLeaf> = emptyBranch(edit.owner);
  for (const [i, name] of names.entries()) root = put(root, hashName(name), new CountingLeaf(name, i), edit);
  for (const [i, name] of names.entries()) assert(find(root, hashName(name), name)?.order === i);
  const { looks } = CountingLeaf;
  assertEquals(inOrder(root).map(({ order }) => order), names.map((_, i) => i));
  for (const name of names) root = remove(root, hashName(name), name, edit.owner);
  assertEquals(root.slots.length, 0);
  return looks / names.length;
}

describe("the trie of names", () => {
  test("hashes names by random numbers, so that names chosen for one hash of plain FNV-1a have different ones", () => {
    const plain = Uint32Array.from({ length: 256 }, (_, byte) => byte);
    const names = colliding(plain);
    assertEquals(new Set(names).size, COUNT);
    assertEquals(new Set(names.map((name) => hashName(name, plain))).size, 1);
    assert(new Set(names.map((name) => hashName(name))).size > COUNT / 2);
  });

  test("compares few names even if the hashes of thousands are alike", () => {
    const names = colliding(codesOfProcess());
    assertEquals(new Set(names.map((name) => hashName(name))).size, 1);
    // 13 comparisons find one of 8,192 sorted names.
    const average = looks(names);
    assert(average < 60, `${average} looks at names for each name`);
  });
});
