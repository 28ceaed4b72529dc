// The values that watches remember: by path, forgotten with the nodes above them, and limited.

import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { KnownValues, ValueLimit } from "../../src/client/known_values.ts";

const value = (text: string) => new TextEncoder().encode(text);

function known(limit: ValueLimit, ...paths: string[]): KnownValues {
  const values = new KnownValues(limit);
  for (const path of paths) values.set(path, value(path));
  return values;
}

/** Gives the paths of known values, and checks that each has its own value. */
function pathsOf(values: KnownValues): string[] {
  for (const path of values.paths()) assertEquals(values.get(path), value(path));
  return values.paths().sort();
}

describe("known values", () => {
  test("are found by their paths, and no other path", () => {
    const values = known(new ValueLimit(1e6), "/", "/a", "/a/b/c", "a", "a/b");
    assertEquals(pathsOf(values), ["/", "/a", "/a/b/c", "a", "a/b"]);
    for (const path of ["/a/b", "/b", "b", "/a/b/c/d", "a/b/c"]) assertEquals(values.get(path), null);
    values.set("/a", value("new"));
    assertEquals(values.get("/a"), value("new"));
  });

  test("are deleted with those below, and no others", () => {
    const all = ["/a", "/a/b", "/a/b/c", "/a/b/c/d/e", "/a/bc", "/ab", "a/b/c"];
    for (
      const [gone, left] of [
        ["/a/b", ["/a", "/a/bc", "/ab", "a/b/c"]],
        ["/a/b/c/d", ["/a", "/a/b", "/a/b/c", "/a/bc", "/ab", "a/b/c"]],
        ["/a/b/c/d/e", ["/a", "/a/b", "/a/b/c", "/a/bc", "/ab", "a/b/c"]],
        ["/", ["a/b/c"]],
        ["a", ["/a", "/a/b", "/a/b/c", "/a/b/c/d/e", "/a/bc", "/ab"]],
        ["/a/x", all],
        ["/a/b/c/d/e/f", all],
      ] as const
    ) {
      const values = known(new ValueLimit(1e6), ...all);
      values.delete(gone);
      assertEquals(pathsOf(values), [...left]);
    }
  });

  test("take no memory after they were deleted, at any depth", () => {
    const limit = new ValueLimit(1e9);
    const values = known(limit, "/a");
    const before = values.bytes;
    const deep = "/a" + "/b".repeat(2000);
    for (const [path, gone] of [["/a/b/c", "/a/b/c"], ["/a/b/c", "/a/b"], [deep, deep], [deep, "/a/b"]] as const) {
      values.set(path, value("x"));
      assert(values.bytes > before, path);
      values.delete(gone);
      assertEquals([values.bytes, limit.used, values.paths()], [before, before, ["/a"]]);
    }
  });

  test("take no memory after the last of them was deleted", () => {
    const limit = new ValueLimit(1e9);
    const values = known(limit);
    for (const [path, gone] of [["/a", "/a"], ["/a/b", "/a/b"], ["/a/b", "/a"], ["/", "/"], ["a/b", "a"]] as const) {
      values.set(path, value("x"));
      assert(values.bytes > 0, path);
      values.delete(gone);
      assertEquals([values.bytes, limit.used, values.paths()], [0, 0, []]);
    }
  });

  test("of many nodes that come and go take the memory of those that are left", () => {
    const limit = new ValueLimit(1e9);
    const values = known(limit, "/a");
    const before = values.bytes;
    for (let i = 0; i < 50_000; i++) {
      values.set(`/a/${i}/value`, value("x"));
      if (i >= 10) values.delete(`/a/${i - 10}`);
    }
    assertEquals(values.paths().length, 11);
    for (let i = 49_990; i < 50_000; i++) values.delete(`/a/${i}`);
    assertEquals([values.bytes, limit.used], [before, before]);
  });

  test("visit only the nodes below the one that is deleted", () => {
    const values = known(new ValueLimit(1e9));
    const visited = new Set<string>();
    /** A value that tells when its length is looked at. */
    const watched = (path: string) =>
      new Proxy(value(path), {
        get: (target, key) => {
          visited.add(path);
          return Reflect.get(target, key, target);
        },
      });
    for (let i = 0; i < 1000; i++) values.set(`/a/${i}/b`, watched(`/a/${i}/b`));
    visited.clear();
    values.delete("/a/7");
    assertEquals([...visited], ["/a/7/b"]);
  });
});

describe("the limit of known values", () => {
  test("lets the watch with the most bytes forget its values, and no other", () => {
    const limit = new ValueLimit(100_000);
    const small = known(limit, "/a");
    const large = known(limit, "/b");
    large.set("/b", new Uint8Array(1));
    for (let i = 0; large.get("/b") !== null; i++) {
      large.set(`/b/${i}`, new Uint8Array(1000));
      assert(limit.used <= 100_000, `${limit.used} bytes`);
    }
    assertEquals([pathsOf(small), limit.used], [["/a"], small.bytes + large.bytes]);
  });

  test("holds however many values are set", () => {
    const limit = new ValueLimit(100_000);
    const trees = Array.from({ length: 20 }, () => new KnownValues(limit));
    for (let i = 0; i < 5000; i++) {
      trees[i * 7 % 20]?.set(`/a/${i % 300}/b`, new Uint8Array(i % 100));
      assert(limit.used <= 100_000, `${limit.used} bytes`);
    }
    assertEquals(limit.used, trees.reduce((sum, { bytes }) => sum + bytes, 0));
  });

  test("forgets a single value that exceeds it", () => {
    const limit = new ValueLimit(1000);
    const values = known(limit);
    values.set("/a", new Uint8Array(2000));
    assertEquals([values.get("/a"), limit.used], [null, 0]);
  });

  test("does not count the values of a watch that was removed", () => {
    const limit = new ValueLimit(100_000);
    const removed = known(limit, "/a", "/a/b");
    const stays = known(limit, "/b");
    limit.remove(removed);
    limit.remove(removed);
    assertEquals(limit.used, stays.bytes);
    removed.set("/a/c", value("x"));
    removed.delete("/a");
    assertEquals(limit.used, stays.bytes);
  });
});
