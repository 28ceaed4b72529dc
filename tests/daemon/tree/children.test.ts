// The children of a node: an immutable map, compared with a Map.

import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { type Children, noChildren } from "../../../src/daemon/tree/children.ts";
import { type Child, hashName } from "../../../src/daemon/tree/children_trie.ts";
import { type Edit, frozenEdit, Owner } from "../../../src/daemon/tree/owner.ts";
import { randomNumbers } from "../../support/random.ts";

/** A child that holds a value. */
class Item<T> implements Child {
  readonly name: string;
  readonly value: T;
  readonly order: number;

  constructor(name: string, value: T, order: number) {
    this.name = name;
    this.value = value;
    this.order = order;
  }

  isNamed(name: string): boolean {
    return name === this.name;
  }
}

type Items<T> = Children<Item<T>>;

const frozen = frozenEdit();

/** Replaces or appends a child, as a tree does. */
function put<T>(children: Items<T>, name: string, value: T, edit: Edit = frozen): Items<T> {
  return children.put(new Item(name, value, children.get(name)?.order ?? children.nextOrder), edit);
}

function without<T>(children: Items<T>, name: string): Items<T> {
  return children.without(name, frozen);
}

function entriesOf<T>(children: Items<T>): [string, T][] {
  return children.list().map(({ name, value }) => [name, value]);
}

function of(...names: string[]): Items<string> {
  let children: Items<string> = noChildren();
  for (const name of names) children = put(children, name, `of ${name}`);
  return children;
}

function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `n${i}`);
}

/** Checks that all methods agree with the model. */
function assertLike<T>(children: Items<T>, model: ReadonlyMap<string, T>): void {
  const listing = [...model.keys()].map((name) => `${name}\0`).join("");
  assertEquals(children.size, model.size);
  assertEquals(children.listing(), listing);
  assertEquals(children.listingBytes, listing.length);
  assertEquals(entriesOf(children), [...model]);
  let last = -1;
  for (const [name, child] of model) {
    const found = children.get(name);
    assert(found?.value === child, name);
    assert(found.order > last, `${name} is at ${found.order}, the one before at ${last}`);
    last = found.order;
  }
  assert(children.nextOrder > last);
}

/** Finds pairs of names whose 32-bit hashes are equal. */
function colliding(pairs: number): string[] {
  const seen = new Map<number, string>();
  const found: string[] = [];
  for (let i = 0; found.length < pairs * 2; i++) {
    const name = i.toString(36);
    const hash = hashName(name);
    const other = seen.get(hash);
    if (other === undefined) seen.set(hash, name);
    else found.push(other, name);
  }
  return found;
}

/** Applies random changes of these names. Checks the current version now and then, and all kept versions at the end. */
function compare(seed: number, names: readonly string[], changes: number, shareOfRemovals: number): void {
  const random = randomNumbers(seed);
  const model = new Map<string, number>();
  let children: Items<number> = noChildren();
  const kept: [Items<number>, Map<string, number>][] = [];
  for (let i = 0; i < changes; i++) {
    const name = names[random(names.length)] ?? "";
    if (random(100) < shareOfRemovals) {
      const before = children;
      children = without(children, name);
      assertEquals(model.delete(name), children !== before);
    } else {
      children = put(children, name, i);
      model.set(name, i);
    }
    assert(children.get(name)?.value === model.get(name));
    assertEquals(children.size, model.size);
    if (random(64) === 0) {
      assertLike(children, model);
      kept.push([children, new Map(model)]);
    }
  }
  assertLike(children, model);
  for (const [version, like] of kept) assertLike(version, like);
}

describe("children", () => {
  test("noChildren() is empty", () => {
    assertLike(noChildren<Item<string>>(), new Map());
    assertEquals(noChildren().get("a"), undefined);
  });

  test("all empty children are the same object", () => {
    assert(noChildren<Item<string>>() === noChildren());
    assert(without(of("a"), "a") === noChildren());
    assert(without(without(of("a", "b"), "b"), "a") === noChildren());
  });

  for (const count of [1, 2, 16, 17, 32, 33, 34, 300, 3000]) {
    test(`${count} children keep the order of creation`, () => {
      const names = numbered(count);
      assertLike(of(...names), new Map(names.map((name) => [name, `of ${name}`])));
    });

    test(`put() replaces any of ${count} children in its position`, () => {
      const names = numbered(count);
      let children: Items<number | string> = of(...names);
      for (const [i, name] of names.entries()) children = put(children, name, i);
      assertLike(children, new Map(names.map((name, i) => [name, i])));
    });

    test(`a removed and recreated child of ${count} moves to the end`, () => {
      const names = numbered(count);
      const again = put(without(of(...names), "n0"), "n0", "new");
      assertEquals(again.listing(), [...names.slice(1), "n0"].map((name) => `${name}\0`).join(""));
      assertEquals(again.get("n0")?.value, "new");
    });

    test(`without() returns the same object for an unknown name among ${count}`, () => {
      const children = of(...numbered(count));
      assert(without(children, "other") === children);
      assertEquals(children.get("other"), undefined);
    });

    test(`changes do not affect an earlier version of ${count} children`, () => {
      const names = numbered(count);
      const before = of(...names);
      const model = new Map(names.map((name) => [name, `of ${name}`]));
      before.listing();
      without(put(put(before, "n0", "another"), "new", "new"), "n0").listing();
      assertLike(before, model);
      let fewer = before;
      for (const name of names) fewer = without(fewer, name);
      assertEquals(fewer.size, 0);
      assertLike(before, model);
    });
  }

  test("children can be added and removed one by one, from none to 60", () => {
    const names = numbered(60);
    const model = new Map<string, string>();
    let children: Items<string> = noChildren();
    for (const name of names) {
      children = put(children, name, name);
      model.set(name, name);
      assertLike(children, model);
    }
    for (const name of [...names.slice(10), ...names.slice(0, 10)]) {
      children = without(children, name);
      model.delete(name);
      assertLike(children, model);
    }
    assert(children === noChildren());
  });

  test("a child can be removed and added repeatedly at 33 children, when the representation changes", () => {
    const names = numbered(33);
    const model = new Map(names.map((name) => [name, `of ${name}`]));
    let children = of(...names);
    for (let i = 0; i < 50; i++) {
      const name = `n${i % 33}`;
      children = put(without(children, name), name, `${i}`);
      model.delete(name);
      model.set(name, `${i}`);
      assertLike(children, model);
    }
  });

  test("children keep their order if one of them is recreated 1,000 times", () => {
    const names = numbered(40);
    let children = of(...names);
    for (let i = 0; i < 1000; i++) children = put(without(children, "n7"), "n7", "of n7");
    assertLike(children, new Map([...names.filter((name) => name !== "n7"), "n7"].map((name) => [name, `of ${name}`])));
  });

  test("children equal a Map after random changes of few names", () => {
    for (let seed = 1; seed <= 20; seed++) compare(seed, numbered(12), 400, 45);
  });

  test("children equal a Map after random changes of about 33 names", () => {
    for (let seed = 1; seed <= 20; seed++) compare(seed, numbered(60), 600, 45);
  });

  test("children equal a Map after random changes of many names", () => {
    for (let seed = 1; seed <= 3; seed++) compare(seed, numbered(2000), 4000, 30);
  });

  test("children equal a Map after random changes of names with equal hashes", () => {
    const names = colliding(40);
    for (let seed = 1; seed <= 10; seed++) compare(seed, names, 1500, 40);
  });

  test("names with equal hashes are different children", () => {
    const [one = "", other = ""] = colliding(1);
    assertEquals(hashName(one), hashName(other));
    assert(one !== other);
    const both = of(...numbered(40), one);
    assertEquals(both.get(other), undefined);
    assert(without(both, other) === both);
    const all = put(both, other, "other");
    const values = (children: Items<string>): unknown[] => [one, other].map((name) => children.get(name)?.value);
    assertEquals(values(all), [`of ${one}`, "other"]);
    assertEquals(values(without(all, one)), [undefined, "other"]);
    assertEquals(values(without(all, other)), [`of ${one}`, undefined]);
  });

  test("similar names of equal length and the empty name are different children", () => {
    const names = ["", "aXbYc", "bXbYc", "cXbYc", "X", "XX", "XXX"];
    assertLike(of(...names), new Map(names.map((name) => [name, `of ${name}`])));
    assertEquals(of(...names).get("dXbYc"), undefined);
    assertEquals(of(...names.slice(1)).get(""), undefined);
  });

  test("a node can have 100,000 children", () => {
    const names = numbered(100_000);
    let children = of(...names);
    assertLike(children, new Map(names.map((name) => [name, `of ${name}`])));
    for (const name of names) if (name !== "n777") children = without(children, name);
    assertEquals(entriesOf(children), [["n777", "of n777"]]);
  });

  for (const count of [1, 32, 33, 3000]) {
    test(`an edit that owns ${count} children replaces each of them in place`, () => {
      const edit: Edit = { owner: new Owner(), inPlace: true };
      const names = numbered(count);
      let children: Items<number> = noChildren();
      for (const name of names) children = put(children, name, 0, edit);
      for (const [i, name] of names.entries()) assert(put(children, name, i, edit) === children);
      assertLike(children, new Map(names.map((name, i) => [name, i])));
    });

    test(`an edit changes nothing of ${count} children that another edit made`, () => {
      const names = numbered(count);
      const first: Edit = { owner: new Owner(), inPlace: true };
      let children: Items<number> = noChildren();
      for (const name of names) children = put(children, name, 0, first);
      const before = new Map(names.map((name) => [name, 0]));
      const second: Edit = { owner: new Owner(), inPlace: true };
      let changed = children;
      for (const name of names) changed = put(changed, name, 1, second);
      for (const name of names) changed = put(changed, name, 2, second);
      assertLike(children, before);
      assertLike(changed, new Map(names.map((name) => [name, 2])));
    });

    test(`an edit that owns ${count} children gives another map if it adds or removes one`, () => {
      const edit: Edit = { owner: new Owner(), inPlace: true };
      const names = numbered(count);
      let children: Items<string> = noChildren();
      for (const name of names) children = put(children, name, name, edit);
      const model = new Map(names.map((name) => [name, name]));
      put(children, "new", "new", edit);
      children.without("n0", edit);
      assertLike(children, model);
    });
  }

  test("an edit that is not in place changes no children that it made before", () => {
    const edit: Edit = { owner: new Owner(), inPlace: false };
    const before = put(noChildren<Item<number>>(), "a", 1, edit);
    put(before, "a", 2, edit);
    assertLike(before, new Map([["a", 1]]));
  });
});
