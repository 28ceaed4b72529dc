// pyxs's walk(), on a store that answers as a test wants it to.

import { describe, test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { ConnectionError, Op, PyXSError } from "../../../compat/pyxs.ts";
import { type Answers, scriptedClient } from "./scripted.ts";

/** The children of each node. */
const tree: Readonly<Record<string, readonly string[]>> = {
  "/top": ["a", "b", "c"],
  "/top/a": ["aa"],
  "/top/a/aa": [],
  "/top/b": ["bb"],
  "/top/b/bb": [],
  "/top/c": [],
};

/** Answers from the tree, except for the requests that the map names. */
function answers(others: Readonly<Record<string, string>> = {}): Answers {
  return ({ op, strings: [path = ""] }) => {
    const other = others[`${op === Op.READ ? "read" : "list"} ${path}`];
    if (other !== undefined) return other;
    const children = tree[path];
    if (children === undefined) return "!ENOENT";
    return op === Op.READ ? `value of ${path}` : children.map((name) => `${name}\0`).join("");
  };
}

const paths = (others: Readonly<Record<string, string>>, topdown = true): string[] =>
  [...scriptedClient(answers(others)).walk("/top", topdown)].map(([path]) => path.slice("/top".length));

describe("pyxs's walk()", () => {
  test("visits every node in both orders", () => {
    assertEquals(paths({}), ["", "/a", "/a/aa", "/b", "/b/bb", "/c"]);
    assertEquals(paths({}, false), ["/a/aa", "/a", "/b/bb", "/b", "/c", ""]);
  });

  test("leaves out a node that vanishes before it is listed, and visits the rest", () => {
    for (const topdown of [true, false]) {
      assertEquals(paths({ "list /top/a": "!ENOENT" }, topdown).toSorted(), ["", "/b", "/b/bb", "/c"]);
    }
  });

  test("visits a node that vanishes before it is read, with an empty value", () => {
    const c = scriptedClient(answers({ "read /top/a": "!ENOENT", "read /top": "!ENOENT" }));
    assertEquals([...c.walk("/top")].slice(0, 3), [
      ["/top", "", ["a", "b", "c"]],
      ["/top/a", "", ["aa"]],
      ["/top/a/aa", "value of /top/a/aa", []],
    ]);
  });

  test("gives a node that the store does not list without children, and visits the rest", () => {
    for (const code of ["EACCES", "EIO", "EAGAIN"]) {
      const c = scriptedClient(answers({ "list /top/b": `!${code}`, "read /top/b": `!${code}` }));
      assertEquals([...c.walk("/top")].map(([path, value]) => [path.slice("/top".length), value]), [
        ["", "value of /top"],
        ["/a", "value of /top/a"],
        ["/a/aa", "value of /top/a/aa"],
        ["/b", ""],
        ["/c", "value of /top/c"],
      ]);
    }
  });

  test("gives a node with too many children for its store without them, and visits the rest", () => {
    const c = scriptedClient((asked) =>
      asked.op === Op.DIRECTORY_PART ? "!ENOSYS" : answers({ "list /top/b": "!E2BIG" })(asked)
    );
    assertEquals([...c.walk("/top")].map(([path]) => path), ["/top", "/top/a", "/top/a/aa", "/top/b", "/top/c"]);
  });

  test("gives a node whose path is too long to be asked for without value and children", () => {
    const name = "n".repeat(3072);
    const c = scriptedClient(answers({ "list /top/b": `${name}\0bb\0` }));
    assertEquals([...c.walk("/top/b")], [
      ["/top/b", "value of /top/b", [name, "bb"]],
      [`/top/b/${name}`, "", []],
      ["/top/b/bb", "value of /top/b/bb", []],
    ]);
  });

  test("throws if the top is missing or may not be listed, and if the store fails for another reason", () => {
    for (const [others, errno] of [["!ENOENT", 2], ["!EACCES", 13]] as const) {
      assertEquals(assertThrows(() => paths({ "list /top": others }), PyXSError).args[0], errno);
    }
    assertEquals(assertThrows(() => paths({ "list /top/b": "!EINVAL" }), PyXSError).args[0], 22);
    assertEquals(assertThrows(() => paths({ "read /top/b": "!ENOMEM" }), PyXSError).args[0], 12);
    const over = scriptedClient((asked) => {
      if (asked.strings[0] === "/top/b") throw new ConnectionError("the connection is over");
      return answers()(asked);
    });
    assertThrows(() => [...over.walk("/top")], ConnectionError, "the connection is over");
  });

  test("leaves out children that its caller removes from the list", () => {
    const seen: string[] = [];
    for (const [path, , children] of scriptedClient(answers()).walk("/top")) {
      seen.push(path);
      if (path === "/top") (children as string[]).splice(0, 2);
    }
    assertEquals(seen, ["/top", "/top/c"]);
  });

  test("visits a tree of 1,500 levels", () => {
    const c = scriptedClient(({ op, strings: [path = ""] }) => op === Op.READ ? "" : path.length < 3000 ? "d\0" : "");
    assertEquals([...c.walk("/d")].length, 1500);
    assertEquals([...c.walk("/d", false)].at(-1)?.[0], "/d");
  });
});
