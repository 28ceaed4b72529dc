// The children of a node: a map that never changes, beside a Map that does.

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

/** All that can be asked for is as in the model. */
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

/** Names whose hashes are alike: in all 32 bits, by trying many. */
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

/** Applies random changes from this many names; checks all at times, and the versions that were kept at the end. */
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
  test("are none at first", () => {
    assertLike(noChildren<string>(), new Map());
    assertEquals(noChildren<string>().get("a"), undefined);
    assertEquals(noChildren<string>().position("a"), -1);
  });

  test("are one and the same where there are none", () => {
    assert(noChildren<unknown>() === noChildren<string>());
    assert(of("a").without("a") === noChildren());
    assert(of("a", "b").without("b").without("a") === noChildren());
  });

  for (const count of [1, 2, 16, 17, 32, 33, 34, 300, 3000]) {
    test(`keep the order in which they were made: ${count} of them`, () => {
      const names = numbered(count);
      assertLike(of(...names), new Map(names.map((name) => [name, `of ${name}`])));
    });

    test(`are replaced in their place: each of ${count}`, () => {
      const names = numbered(count);
      let children: Children<number | string> = of(...names);
      for (const [i, name] of names.entries()) children = children.with(name, i);
      assertLike(children, new Map(names.map((name, i) => [name, i])));
    });

    test(`go to the end when they are made again: the first of ${count}`, () => {
      const names = numbered(count);
      const again = of(...names).without("n0").with("n0", "new");
      assertEquals(again.listing(), [...names.slice(1), "n0"].map((name) => `${name}\0`).join(""));
      assertEquals(again.get("n0"), "new");
    });

    test(`are the same map without a name that is not among ${count}`, () => {
      const children = of(...numbered(count));
      assert(children.without("other") === children);
      assertEquals(children.get("other"), undefined);
      assertEquals(children.position("other"), -1);
    });

    test(`stay as they were when others are made of them: ${count}`, () => {
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

  test("grow and shrink across the border of few and many, one by one", () => {
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

  test("come and go at the border of few and many", () => {
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

  test("keep their order however often one among them is made again", () => {
    const names = numbered(40);
    let children = of(...names);
    for (let i = 0; i < 1000; i++) children = children.without("n7").with("n7", "of n7");
    assertLike(children, new Map([...names.filter((name) => name !== "n7"), "n7"].map((name) => [name, `of ${name}`])));
  });

  test("are as a Map under random changes: few names", () => {
    for (let seed = 1; seed <= 20; seed++) compare(seed, numbered(12), 400, 45);
  });

  test("are as a Map under random changes: names around the border of few and many", () => {
    for (let seed = 1; seed <= 20; seed++) compare(seed, numbered(60), 600, 45);
  });

  test("are as a Map under random changes: many names", () => {
    for (let seed = 1; seed <= 3; seed++) compare(seed, numbered(2000), 4000, 30);
  });

  test("are as a Map under random changes: names whose hashes are alike", () => {
    const names = colliding(40);
    for (let seed = 1; seed <= 10; seed++) compare(seed, names, 1500, 40);
  });

  test("tell names of one hash apart, whichever goes first", () => {
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

  test("are told apart where few names are alike in length, middle and end, and where one is empty", () => {
    const names = ["", "aXbYc", "bXbYc", "cXbYc", "X", "XX", "XXX"];
    assertLike(of(...names), new Map(names.map((name) => [name, `of ${name}`])));
    assertEquals(of(...names).get("dXbYc"), undefined);
    assertEquals(of(...names.slice(1)).get(""), undefined);
  });

  test("hold a hundred thousand", () => {
    const names = numbered(100_000);
    let children = of(...names);
    assertLike(children, new Map(names.map((name) => [name, `of ${name}`])));
    for (const name of names) if (name !== "n777") children = children.without(name);
    assertEquals([...children.entries()], [["n777", "of n777"]]);
  });

  test("may have any child, even one that looks like none", () => {
    const children = noChildren<number | null>().with("a", null).with("b", 0);
    assertEquals([...children.entries()], [["a", null], ["b", 0]]);
  });
});
