// The directories of a location of this host, none of which may be a link.

import { describe, test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { Directories, type Found } from "../../src/pools/directories.ts";
import { LinkError } from "../../src/pools/errors.ts";
import { LocalFiles } from "../../src/pools/files_local.ts";
import { linkedDirectoriesSuite, linkedOwnSuite } from "./linked_directories.ts";

linkedDirectoriesSuite("a directory of this host", (directory) => new LocalFiles(directory));
linkedOwnSuite();

describe("the directories of a location", () => {
  interface Scene {
    /** What is at each path, which a test changes. */
    readonly tree: Map<string, Found>;
    readonly looks: string[];
    readonly directories: Directories;
    readonly clock: { now: number };
  }

  function scene(): Scene {
    const tree = new Map<string, Found>([["a", "other"], ["a/b", "other"]]);
    const looks: string[] = [];
    const clock = { now: 0 };
    const look = (path: string): Promise<Found> => {
      looks.push(path);
      return Promise.resolve(tree.get(path) ?? "missing");
    };
    return { tree, looks, clock, directories: new Directories("/pool", look, () => clock.now) };
  }

  test("are looked at a single time in two seconds, whatever the number of operations", async () => {
    const { directories, looks } = scene();
    await Promise.all(Array.from({ length: 100 }, () => directories.check("a/b")));
    for (let i = 0; i < 100; i++) await directories.check("./a");
    assertEquals(looks, ["a", "a/b"]);
  });

  test("are looked at again after two seconds, and a link is refused then", async () => {
    const { directories, tree, clock } = scene();
    await directories.check("a/b");
    tree.set("a", "link");
    clock.now = 1999;
    await directories.check("a/b");
    clock.now = 2000;
    const error = await assertRejects(() => directories.check("a/b"), LinkError, '"a" of "/pool"');
    assertEquals(error.path, "a");
  });

  test("are looked at each time while they are missing, or cannot be looked at", async () => {
    const { directories, looks, tree } = scene();
    await directories.check("c/d");
    tree.set("c", "link");
    await assertRejects(() => directories.check("c/d"), LinkError);
    assertEquals(looks, ["c", "c"]);
    let fails = true;
    const failing = new Directories(
      "/pool",
      () => fails ? Promise.reject(new Error("lost")) : Promise.resolve("other"),
    );
    await assertRejects(() => failing.check("a"), Error, "lost");
    fails = false;
    await failing.check("a");
  });
});
