// The children of a node: an immutable map, compared with a Map.

import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { type Children, noChildren } from "../../../src/daemon/tree/children.ts";
import { hashName } from "../../../src/daemon/tree/children_trie.ts";
import { randomNumbers } from "../../support/random.ts";

function of(...names: string[]): Children<string> {
  let children = noChildren<string>();
  for (const name of names) children = children.with(name, `of ${name}`);
  return children;
}

function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `n${i}`);
}

/** Checks that all methods agree with the model. */
function assertLike<T>(children: Children<T>, model: ReadonlyMap<string, T>): void {
  const listing = [...model.keys()].map((name) => `${name}\0`).join("");
  assertEquals(children.size, model.size);
  assertEquals(children.listing(), listing);
  assertEquals(children.listingBytes, listing.length);
  assertEquals([...children.entries()], [...model]);
  let last = -1;
  for (const [name, child] of model) {
    assert(children.get(name) === child, name);
    const position = children.position(name);
    assert(position > last, `${name} is at ${position}, the one before at ${last}`);
    last = position;
  }
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
  let children = noChildren<number>();
  const kept: [Children<number>, Map<string, number>][] = [];
  for (let i = 0; i < changes; i++) {
    const name = names[random(names.length)] ?? "";
    if (random(100) < shareOfRemovals) {
      const before = children;
      children = children.without(name);
      assertEquals(model.delete(name), children !== before);
    } else {
      children = children.with(name, i);
      model.set(name, i);
    }
    assert(children.get(name) === model.get(name));
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
    assertLike(noChildren<string>(), new Map());
    assertEquals(noChildren<string>().get("a"), undefined);
    assertEquals(noChildren<string>().position("a"), -1);
  });

  test("all empty children are the same object", () => {
    assert(noChildren<unknown>() === noChildren<string>());
    assert(of("a").without("a") === noChildren());
    assert(of("a", "b").without("b").without("a") === noChildren());
  });

  for (const count of [1, 2, 16, 17, 32, 33, 34, 300, 3000]) {
    test(`${count} children keep the order of creation`, () => {
      const names = numbered(count);
      assertLike(of(...names), new Map(names.map((name) => [name, `of ${name}`])));
    });

    test(`with() replaces any of ${count} children in its position`, () => {
      const names = numbered(count);
      let children: Children<number | string> = of(...names);
      for (const [i, name] of names.entries()) children = children.with(name, i);
      assertLike(children, new Map(names.map((name, i) => [name, i])));
    });

    test(`a removed and recreated child of ${count} moves to the end`, () => {
      const names = numbered(count);
      const again = of(...names).without("n0").with("n0", "new");
      assertEquals(again.listing(), [...names.slice(1), "n0"].map((name) => `${name}\0`).join(""));
      assertEquals(again.get("n0"), "new");
    });

    test(`without() returns the same object for an unknown name among ${count}`, () => {
      const children = of(...numbered(count));
      assert(children.without("other") === children);
      assertEquals(children.get("other"), undefined);
      assertEquals(children.position("other"), -1);
    });

    test(`changes do not affect an earlier version of ${count} children`, () => {
      const names = numbered(count);
      const before = of(...names);
      const model = new Map(names.map((name) => [name, `of ${name}`]));
      before.listing();
      before.with("n0", "another").with("new", "new").without("n0").listing();
      assertLike(before, model);
      let fewer = before;
      for (const name of names) fewer = fewer.without(name);
      assertEquals(fewer.size, 0);
      assertLike(before, model);
    });
  }

  test("children can be added and removed one by one, from none to 60", () => {
    const names = numbered(60);
    const model = new Map<string, string>();
    let children = noChildren<string>();
    for (const name of names) {
      children = children.with(name, name);
      model.set(name, name);
      assertLike(children, model);
    }
    for (const name of [...names.slice(10), ...names.slice(0, 10)]) {
      children = children.without(name);
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
      children = children.without(name).with(name, `${i}`);
      model.delete(name);
      model.set(name, `${i}`);
      assertLike(children, model);
    }
  });

  test("children keep their order if one of them is recreated 1,000 times", () => {
    const names = numbered(40);
    let children = of(...names);
    for (let i = 0; i < 1000; i++) children = children.without("n7").with("n7", "of n7");
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
    assertEquals([both.get(other), both.position(other)], [undefined, -1]);
    assert(both.without(other) === both);
    const all = both.with(other, "other");
    assertEquals([all.get(one), all.get(other)], [`of ${one}`, "other"]);
    assertEquals([all.without(one).get(one), all.without(one).get(other)], [undefined, "other"]);
    assertEquals([all.without(other).get(one), all.without(other).get(other)], [`of ${one}`, undefined]);
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
    for (const name of names) if (name !== "n777") children = children.without(name);
    assertEquals([...children.entries()], [["n777", "of n777"]]);
  });

  test("a child may be null or 0", () => {
    const children = noChildren<number | null>().with("a", null).with("b", 0);
    assertEquals([...children.entries()], [["a", null], ["b", 0]]);
  });
});
