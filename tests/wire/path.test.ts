// Which paths a store accepts, and how paths lie to each other.

import { describe, test } from "node:test";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ABSOLUTE_PATH_MAX, childPath, levelsBelow, pathFault, RELATIVE_PATH_MAX } from "../../src/wire/path.ts";

const legal = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-/_@";

/** An absolute path of this many bytes, in components of no more than 100. */
function absolute(length: number): string {
  const path = `/${"x".repeat(99)}`.repeat(Math.ceil(length / 100)).slice(0, length);
  return path.endsWith("/") ? `${path.slice(0, -1)}x` : path;
}

describe("pathFault()", () => {
  for (const path of ["/", "/a", "/a/b", "a", "a/b", "device/vbd/51712", "/a@b", "/@a", "a@", "/-", "/_", "/0"]) {
    test(`accepts ${JSON.stringify(path)}`, () => {
      assertEquals(pathFault(path), null);
      assertEquals(pathFault(path, true), null);
    });
  }

  test("accepts each legal character, in every place of a path", () => {
    for (const character of legal.replace("/", "")) {
      assertEquals(pathFault(`/${character}`), null);
      assertEquals(pathFault(`/a${character}b/${character}`), null);
      assertEquals(pathFault(character, true), null);
    }
  });

  test("refuses every other character of Latin-1, in every place of a path", () => {
    for (let code = 0; code < 0x100; code++) {
      const character = String.fromCharCode(code);
      if (legal.includes(character)) continue;
      for (const path of [character, `/${character}`, `/a${character}b`, `/a/${character}`, `@${character}`]) {
        assertEquals(pathFault(path, true), `it contains ${JSON.stringify(character)}`);
      }
    }
  });

  const faults: [path: string, fault: string][] = [
    ["", "empty"],
    ["/a/", "ends with a slash"],
    ["a/", "ends with a slash"],
    ["//", "slash"],
    ["//a", "two slashes"],
    ["/a//b", "two slashes"],
    ["a//b", "two slashes"],
    ["/a///", "slash"],
    ["/a\0", "\\u0000"],
    ["\0", "\\u0000"],
    ["/a\n", "\\n"],
    ["\n", "\\n"],
    ["/a\r\n", "\\r"],
    ["/a b", '" "'],
    ["/../a", '"."'],
    ["/ä", "ä"],
    ["/日", "日"],
    ["/\u{1f600}", "\u{1f600}"],
    ["/\ud83d", "ud83d"],
    ["/\u212a", "\u212a"],
    ["/\u017f", "\u017f"],
  ];
  for (const [path, fault] of faults) {
    test(`refuses ${JSON.stringify(path)} for ${JSON.stringify(fault)}`, () => {
      assertStringIncludes(pathFault(path) ?? "null", fault);
      assertStringIncludes(pathFault(path, true) ?? "null", fault);
    });
  }

  for (const path of ["@introduceDomain", "@releaseDomain", "@anything", "@releaseDomain/5", "@"]) {
    test(`accepts ${path} only if special paths are allowed`, () => {
      assertEquals(pathFault(path, true), null);
      assertStringIncludes(pathFault(path) ?? "null", "special");
    });
  }

  test("refuses an absolute path of more than 3072 bytes", () => {
    assertEquals([ABSOLUTE_PATH_MAX, RELATIVE_PATH_MAX], [3072, 2048]);
    assertEquals(pathFault(absolute(3072)), null);
    assertEquals(pathFault(absolute(3073)), "it is 3073 bytes long, 3072 are allowed");
  });

  test("refuses a relative path of more than 2048 bytes", () => {
    assertEquals(pathFault("x".repeat(2048)), null);
    assertEquals(pathFault("x".repeat(2049)), "it is 2049 bytes long, 2048 are allowed");
    assertEquals(pathFault(`@${"x".repeat(2048)}`, true), "it is 2049 bytes long, 2048 are allowed");
  });

  test("takes a long path in its stride", () => {
    assert(pathFault(`/${"a".repeat(1_000_000)}!`) !== null);
    assert(pathFault("/".repeat(1_000_000)) !== null);
  });
});

describe("childPath()", () => {
  test("puts one slash between parent and name", () => {
    assertEquals(childPath("/", "a"), "/a");
    assertEquals(childPath("/a", "b"), "/a/b");
    assertEquals(childPath("a", "b"), "a/b");
  });
});

describe("levelsBelow()", () => {
  const cases: [ancestor: string, path: string, levels: number | null][] = [
    ["/a", "/a", 0],
    ["/a", "/a/b", 1],
    ["/a", "/a/b/c", 2],
    ["/", "/", 0],
    ["/", "/a", 1],
    ["/", "/a/b", 2],
    ["/a", "/", null],
    ["/a/b", "/a", null],
    ["/a", "/ab", null],
    ["/a", "/b/a", null],
    ["a", "a/b", 1],
    ["a", "/a/b", null],
    ["/", "a", null],
  ];
  for (const [ancestor, path, levels] of cases) {
    test(`${path} is ${levels === null ? "not" : levels} below ${ancestor}`, () => {
      assertEquals(levelsBelow(ancestor, path), levels);
    });
  }
});
