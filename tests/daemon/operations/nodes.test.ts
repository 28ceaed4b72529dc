// The operations on nodes: their answers, their effects and their errors.

import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { PAYLOAD_MAX } from "../../../src/wire/header.ts";
import { type Asked, type Speaker, table, tableOf, within } from "../support.ts";

const ILLEGAL_PATHS = [
  "",
  "//",
  "/a/",
  "a/",
  "//a",
  "/a//b",
  "/a.b",
  "/a b",
  "/a:b",
  "/a+b",
  "/a\tb",
  "/\x7f",
  "/\xe9",
  "/.",
  "..",
  "/local/domain/",
  "/local/domain//a",
];
const LEGAL_PATHS = ["/a@b", "/@a", "/a-_/B", "/-", "/0", "a@", "a/b", "/local/domain/5", "/local/domain/x/y"];

/** Operations on a path, each with its payload. */
const ON_PATHS: readonly (readonly [Asked, (path: string) => string])[] = [
  ["READ", (path) => `${path}|`],
  ["DIRECTORY", (path) => `${path}|`],
  ["DIRECTORY_PART", (path) => `${path}|0|`],
  ["GET_PERMS", (path) => `${path}|`],
  ["WRITE", (path) => `${path}|value`],
  ["MKDIR", (path) => `${path}|`],
  ["RM", (path) => `${path}|`],
  ["SET_PERMS", (path) => `${path}|n0|`],
  ["WATCH", (path) => `${path}|token|`],
  ["UNWATCH", (path) => `${path}|token|`],
];
const ONE_STRING: readonly Asked[] = ["READ", "DIRECTORY", "GET_PERMS", "MKDIR", "RM"];

/** Writes a value, and returns the value that is read back. */
function written(who: Speaker, path: string, value: Uint8Array): Uint8Array {
  const payload = new Uint8Array(path.length + 1 + value.length);
  payload.set(new TextEncoder().encode(`${path}\0`));
  payload.set(value, path.length + 1);
  assertEquals(who.ask("WRITE", payload), "OK|");
  who.ask("READ", `${path}|`);
  return who.reply;
}

function generation(who: { ask(operation: Asked, payload: string): string }, path: string): string {
  return who.ask("DIRECTORY_PART", `${path}|0|`).split("|")[0] ?? "";
}

/** So many names of the same length. */
function names(count: number, length: number): string[] {
  return Array.from({ length: count }, (_, i) => `${i}`.padStart(length, "n"));
}

describe("the initial tree", () => {
  test(
    "the initial tree equals the C daemon's, with the nodes that toolstacks need",
    within(({ dom0, tree }) => {
      assertEquals(tree(), ["/= n0", "/tool= n0", "/tool/xenstored= n0", "/local= n0", "/local/domain= n0"]);
      tableOf(
        dom0,
        ["DIRECTORY", "/|", "tool|local|"],
        ["GET_PERMS", "@introduceDomain|", "n0|"],
        ["GET_PERMS", "@releaseDomain|", "n0|r32757|"],
      );
    }),
  );
});

describe("READ and WRITE", () => {
  test(
    "READ returns every byte that WRITE wrote",
    within(({ dom0 }) => {
      const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
      for (const value of [all, all.slice().reverse(), new Uint8Array(2), new Uint8Array(0)]) {
        assertEquals(written(dom0, "/bytes", value), value);
      }
    }),
  );

  test(
    "WRITE takes everything after the first NUL as the value, including further NULs",
    within(({ dom0 }) => {
      tableOf(
        dom0,
        ["WRITE", "/a|", "OK|"],
        ["READ", "/a|", ""],
        ["WRITE", "/a|x|y|", "OK|"],
        ["READ", "/a|", "x|y|"],
        ["WRITE", "/a||", "OK|"],
        ["READ", "/a|", "|"],
      );
    }),
  );

  test(
    "WRITE creates missing parents with empty values",
    within(({ dom0, tree }) => {
      assertEquals(dom0.ask("WRITE", "/a/b/c|x"), "OK|");
      assertEquals(tree("/a"), ["/a= n0", "/a/b= n0", "/a/b/c=x n0"]);
    }),
  );

  test(
    "WRITE keeps the children and permissions of a node",
    within(({ dom0, node, tree }) => {
      node("/a", "b0", "r5");
      node("/a/b");
      assertEquals(dom0.ask("WRITE", "/a|x"), "OK|");
      assertEquals(tree("/a"), ["/a=x b0,r5", "/a/b= b0,r5"]);
    }),
  );

  test(
    "READ and WRITE treat the root as any other node",
    within(({ dom0 }) => {
      tableOf(
        dom0,
        ["READ", "/|", ""],
        ["WRITE", "/|x", "OK|"],
        ["READ", "/|", "x"],
        ["DIRECTORY", "/|", "tool|local|"],
      );
    }),
  );

  test(
    "a relative path starts at the home of the requesting domain",
    within(({ dom0, guest, node }) => {
      node("/local/domain/5", "n5");
      const five = guest(5);
      table(
        [dom0, "WRITE", "x/y|of 0", "OK|"],
        [five, "WRITE", "x/y|of 5", "OK|"],
        [dom0, "READ", "/local/domain/0/x/y|", "of 0"],
        [dom0, "READ", "/local/domain/5/x/y|", "of 5"],
        [five, "READ", "x/y|", "of 5"],
        [five, "READ", "/local/domain/5/x/y|", "of 5"],
        [five, "DIRECTORY", "x|", "y|"],
        [five, "RM", "x/y|", "OK|"],
        [five, "READ", "x/y|", "ENOENT"],
      );
    }),
  );
});

describe("MKDIR", () => {
  test(
    "MKDIR creates a node and its missing parents, and leaves an existing node unchanged",
    within(({ dom0, tree }) => {
      tableOf(
        dom0,
        ["MKDIR", "/a/b|", "OK|"],
        ["READ", "/a/b|", ""],
        ["WRITE", "/a/b|x", "OK|"],
        ["SET_PERMS", "/a/b|b0|", "OK|"],
        ["MKDIR", "/a/b|", "OK|"],
        ["MKDIR", "/|", "OK|"],
      );
      assertEquals(tree("/a"), ["/a= n0", "/a/b=x b0"]);
    }),
  );

  test(
    "MKDIR of an existing node keeps the generation",
    within(({ dom0 }) => {
      dom0.ask("MKDIR", "/a|");
      const before = generation(dom0, "/a");
      dom0.ask("MKDIR", "/a|");
      assertEquals(generation(dom0, "/a"), before);
    }),
  );
});

describe("RM", () => {
  test(
    "RM removes a node with everything below it, and nothing else",
    within(({ dom0, node, tree }) => {
      for (const path of ["/a/b/c", "/a/b/d", "/a/bb", "/a/c"]) node(path);
      assertEquals(dom0.ask("RM", "/a/b|"), "OK|");
      assertEquals(tree("/a"), ["/a= n0", "/a/bb= n0", "/a/c= n0"]);
      tableOf(dom0, ["READ", "/a/b/c|", "ENOENT"], ["READ", "/a/b|", "ENOENT"], ["DIRECTORY", "/a|", "bb|c|"]);
    }),
  );

  test(
    "RM succeeds for a missing node only if its parent exists",
    within(({ dom0, guest, node }) => {
      node("/w", "n0", "w5");
      const five = guest(5);
      table(
        [dom0, "RM", "/none|", "OK|"],
        [dom0, "RM", "/none/x|", "ENOENT"],
        [dom0, "RM", "/none/x/y|", "ENOENT"],
        [five, "RM", "/w/none|", "OK|"],
        [five, "RM", "/w/none/x|", "ENOENT"],
        [five, "RM", "/none|", "EACCES"],
        [five, "RM", "/none/x|", "EACCES"],
      );
    }),
  );

  test(
    "RM needs write access to the node alone, not to its parent or its children",
    within(({ dom0, guest, node }) => {
      node("/rw", "b0");
      node("/rw/kid", "n0");
      node("/rw/kid/other", "n6");
      node("/closed", "n0");
      node("/closed/open", "n0", "w5");
      table(
        [guest(5), "RM", "/rw|", "OK|"],
        [guest(5), "RM", "/closed/open|", "OK|"],
        [dom0, "DIRECTORY", "/closed|", ""],
      );
    }),
  );

  test(
    "RM rejects the root, for domain 0 as well",
    within(({ dom0, guest, node, tree }) => {
      const before = tree();
      tableOf(dom0, ["RM", "/|", "EINVAL"]);
      tableOf(guest(5), ["RM", "/|", "EACCES"]);
      assertEquals(tree(), before);
      node("/", "b0");
      tableOf(guest(5), ["RM", "/|", "EINVAL"]);
    }),
  );

  test(
    "RM keeps parents that WRITE created",
    within(({ dom0 }) => {
      tableOf(
        dom0,
        ["WRITE", "/a/b/c|", "OK|"],
        ["RM", "/a/b/c|", "OK|"],
        ["DIRECTORY", "/a|", "b|"],
        ["DIRECTORY", "/a/b|", ""],
      );
    }),
  );
});

describe("DIRECTORY", () => {
  for (const count of [5, 40]) {
    test(
      `DIRECTORY lists ${count} children in the order of creation, and a recreated child last`,
      within(({ dom0, node }) => {
        const made = names(count, 3).sort((a, b) =>
          (Number(a.slice(1)) * 7) % count - (Number(b.slice(1)) * 7) % count
        );
        for (const name of made) node(`/a/${name}`);
        const list = (...expected: string[]): void => {
          assertEquals(dom0.ask("DIRECTORY", "/a|"), expected.map((name) => `${name}|`).join(""));
        };
        list(...made);
        const [first = "", second = "", third = "", ...rest] = made;
        dom0.ask("RM", `/a/${second}|`);
        list(first, third, ...rest);
        dom0.ask("WRITE", `/a/${third}|changed in its place`);
        dom0.ask("SET_PERMS", `/a/${first}|b0|`);
        dom0.ask("WRITE", `/a/${second}|`);
        list(first, third, ...rest, second);
      }),
    );
  }

  test(
    "DIRECTORY returns an empty list for a leaf",
    within(({ dom0 }) => tableOf(dom0, ["DIRECTORY", "/tool/xenstored|", ""])),
  );

  test(
    "DIRECTORY returns as many names as fit a message, and fails with E2BIG beyond",
    within(({ dom0, node }) => {
      for (const name of names(256, 15)) node(`/a/${name}`);
      assertEquals(dom0.ask("DIRECTORY", "/a|").length, PAYLOAD_MAX);
      node("/a/z");
      tableOf(dom0, ["DIRECTORY", "/a|", "E2BIG"], ["RM", "/a/z|", "OK|"]);
      assertEquals(dom0.ask("DIRECTORY", "/a|").length, PAYLOAD_MAX);
    }),
  );
});

describe("DIRECTORY_PART", () => {
  test(
    "DIRECTORY_PART returns as many whole names as fit, and an empty name after the last one",
    within(({ dom0, node }) => {
      const made = Array.from({ length: 600 }, (_, i) => "n".repeat(1 + i % 29) + i);
      for (const name of made) node(`/a/${name}`);
      const whole = made.map((name) => `${name}|`).join("");
      let [offset, parts, end] = [0, 0, false];
      for (const number = generation(dom0, "/a"); !end; parts++) {
        const answer = dom0.ask("DIRECTORY_PART", `/a|${offset}|`);
        assert(answer.startsWith(`${number}|`), answer.slice(0, 20));
        const list = answer.slice(number.length + 1);
        end = list.endsWith("||");
        const part = end ? list.slice(0, -1) : list;
        assertEquals(part, whole.slice(offset, offset + part.length));
        assert(part.endsWith("|") && answer.length <= PAYLOAD_MAX);
        offset += part.length;
        const next = whole.slice(offset, whole.indexOf("|", offset) + 1);
        assert(end || answer.length + next.length + 1 > PAYLOAD_MAX, `"${next}" would have fitted`);
      }
      assertEquals([offset, parts], [whole.length, Math.ceil(whole.length / 4080)]);
    }),
  );

  test(
    "DIRECTORY_PART leaves the last name to the next part if the empty name would not fit",
    within(({ dom0, node }) => {
      for (const name of names(200, 19)) node(`/a/${name}`);
      const number = `${Number(generation(dom0, "/a")) + 2}`;
      const rest = PAYLOAD_MAX - `${number}|`.length - 200 * 20;
      for (const [length, isWhole] of [[rest - 2, true], [rest - 1, false], [rest, false]] as const) {
        node(`/a/${"z".repeat(length)}`);
        const answer = dom0.ask("DIRECTORY_PART", "/a|0|");
        assertEquals(answer.split("|")[0]?.length, number.length);
        assertEquals([answer.includes("z"), answer.endsWith("||")], [isWhole, isWhole], `${length}`);
        assert(answer.length <= PAYLOAD_MAX);
        tableOf(dom0, ["RM", `/a/${"z".repeat(length)}|`, "OK|"]);
      }
    }),
  );

  test(
    "DIRECTORY_PART starts at any offset in bytes",
    within(({ dom0, node }) => {
      for (const name of ["abc", "d", "ef"]) node(`/a/${name}`);
      const number = generation(dom0, "/a");
      const rows: [offset: string, names: string][] = [
        ["0", "abc|d|ef||"],
        ["4", "d|ef||"],
        ["6", "ef||"],
        ["1", "bc|d|ef||"],
        ["3", "|d|ef||"],
        ["8", "||"],
        ["9", "|"],
        ["10", "|"],
        ["5000", "|"],
        ["-1", "|"],
        ["-4", "|"],
        ["x", "abc|d|ef||"],
        ["", "abc|d|ef||"],
        [" 4x", "d|ef||"],
        ["+4", "d|ef||"],
      ];
      for (const [offset, list] of rows) {
        assertEquals(`${offset}: ${dom0.ask("DIRECTORY_PART", `/a|${offset}|`)}`, `${offset}: ${number}|${list}`);
      }
    }),
  );

  test(
    "DIRECTORY_PART returns only the end for a node without children",
    within(({ dom0 }) => {
      assertEquals(dom0.ask("DIRECTORY_PART", "/tool/xenstored|0|"), `${generation(dom0, "/tool/xenstored")}||`);
    }),
  );

  test(
    "DIRECTORY_PART returns a new generation after each change of the node or its list, and after no other",
    within(({ dom0, node }) => {
      node("/a/b/c");
      const rows: [Asked, string, boolean][] = [
        ["WRITE", "/a|x", true],
        ["WRITE", "/a|x", true],
        ["SET_PERMS", "/a|n0|", true],
        ["WRITE", "/a/new|", true],
        ["MKDIR", "/a/newer|", true],
        ["RM", "/a/new|", true],
        ["WRITE", "/a/x/y/z|", true],
        ["MKDIR", "/a|", false],
        ["MKDIR", "/a/b|", false],
        ["RM", "/a/none|", false],
        ["WRITE", "/a/b|x", false],
        ["SET_PERMS", "/a/b|b0|", false],
        ["RM", "/a/b/c|", false],
        ["WRITE", "/a/b/d|x", false],
        ["READ", "/a|", false],
        ["WRITE", "/b|x", false],
      ];
      for (const [operation, payload, changes] of rows) {
        const before = generation(dom0, "/a");
        dom0.ask(operation, payload);
        const after = generation(dom0, "/a");
        assertEquals(after !== before, changes, `${operation} ${payload}`);
        assert(Number(after) >= Number(before));
      }
    }),
  );

  test(
    "DIRECTORY_PART returns a new generation if the list changes between two parts",
    within(({ dom0, node }) => {
      for (const name of names(300, 19)) node(`/a/${name}`);
      const [first = "", ...some] = dom0.ask("DIRECTORY_PART", "/a|0|").split("|");
      dom0.ask("RM", `/a/${some[0]}|`);
      const [second = ""] = dom0.ask("DIRECTORY_PART", `/a|${some.join("|").length}|`).split("|");
      assert(first !== second);
    }),
  );

  test(
    "DIRECTORY_PART shows a transaction its own list and generation",
    within(({ dom0, node }) => {
      node("/a/b");
      const before = generation(dom0, "/a");
      const t = dom0.begin();
      assertEquals(t.ask("DIRECTORY_PART", "/a|0|"), `${before}|b||`);
      t.ask("WRITE", "/a/c|");
      const inside = generation(t, "/a");
      assert(inside !== before);
      assertEquals(t.ask("DIRECTORY_PART", "/a|0|"), `${inside}|b|c||`);
      assertEquals(dom0.ask("DIRECTORY_PART", "/a|0|"), `${before}|b||`);
      assertEquals(t.commit(), "OK|");
      assert(generation(dom0, "/a") !== before);
    }),
  );
});

describe("GET_PERMS and SET_PERMS", () => {
  test(
    "GET_PERMS returns the list of SET_PERMS, including duplicates and unknown domains",
    within(({ dom0 }) => {
      for (const list of ["n0|", "r0|w1|b2|n3|", "n0|r3|r3|", "b65535|r7|", "n0|r32757|", "n0|r-1|"]) {
        assertEquals(dom0.ask("SET_PERMS", `/tool|${list}`), list.startsWith("b65535") ? "ENOENT" : "OK|", list);
        if (!list.startsWith("b65535")) assertEquals(dom0.ask("GET_PERMS", "/tool|"), list);
      }
    }),
  );

  test(
    "SET_PERMS keeps the value and the children",
    within(({ dom0, node, tree }) => {
      node("/a/b");
      tableOf(dom0, ["WRITE", "/a|x", "OK|"], ["SET_PERMS", "/a|b0|", "OK|"]);
      assertEquals(tree("/a"), ["/a=x b0", "/a/b= n0"]);
    }),
  );
});

describe("errors", () => {
  test(
    "operations on a missing node fail with ENOENT",
    within(({ dom0, tree }) => {
      const before = tree();
      tableOf(
        dom0,
        ["READ", "/none|", "ENOENT"],
        ["READ", "/none/x|", "ENOENT"],
        ["READ", "/tool/xenstored/x/y|", "ENOENT"],
        ["DIRECTORY", "/none|", "ENOENT"],
        ["DIRECTORY_PART", "/none|0|", "ENOENT"],
        ["GET_PERMS", "/none|", "ENOENT"],
        ["SET_PERMS", "/none|n0|", "ENOENT"],
        ["SET_PERMS", "/none/x|n0|", "ENOENT"],
        ["RM", "/none/x|", "ENOENT"],
      );
      assertEquals(tree(), before);
    }),
  );

  test(
    "operations without access fail with EACCES",
    within(({ guest, node, tree }) => {
      node("/a/b");
      const before = tree();
      tableOf(
        guest(5),
        ["READ", "/a|", "EACCES"],
        ["DIRECTORY", "/a|", "EACCES"],
        ["DIRECTORY_PART", "/a|0|", "EACCES"],
        ["GET_PERMS", "/a|", "EACCES"],
        ["WRITE", "/a|x", "EACCES"],
        ["WRITE", "/a/b/c|x", "EACCES"],
        ["MKDIR", "/a|", "EACCES"],
        ["MKDIR", "/a/b/c|", "EACCES"],
        ["MKDIR", "/|", "EACCES"],
        ["RM", "/a|", "EACCES"],
        ["SET_PERMS", "/a|n0|", "EACCES"],
        ["READ", "/|", "EACCES"],
        ["WRITE", "/|x", "EACCES"],
      );
      assertEquals(tree(), before);
    }),
  );

  test(
    "unknown operations fail with ENOSYS",
    within(({ dom0, guest }) => {
      for (const type of [15, 16, 20, 27, 77, 128, 65535, 0xffffffff]) {
        for (const payload of ["", "/|", "|"]) {
          assertEquals(dom0.ask(type, payload), "ENOSYS");
          assertEquals(dom0.ask(type, payload, 12345), "ENOSYS");
          assertEquals(guest(5).ask(type, payload, 12345), "ENOSYS");
        }
      }
    }),
  );

  test(
    "a request is checked in this order: operation, privilege, transaction, payload",
    within(({ dom0, guest }) => {
      const five = guest(5);
      assertEquals(five.ask("INTRODUCE", "junk", 99), "EACCES");
      assertEquals(dom0.ask("INTRODUCE", "junk", 99), "ENOENT");
      assertEquals(dom0.ask("INTRODUCE", "junk"), "EINVAL");
      assertEquals(five.ask("READ", "junk", 99), "ENOENT");
      assertEquals(five.ask("READ", "junk"), "EINVAL");
      assertEquals(five.ask("READ", "/tool|"), "EACCES");
    }),
  );
});

describe("invalid payloads", () => {
  test(
    "operations that take one string reject any other payload with EINVAL",
    within(({ dom0, guest, tree }) => {
      const before = tree();
      for (const who of [dom0, guest(5)]) {
        for (const operation of ONE_STRING) {
          for (const payload of ["", "|", "/tool", "/tool|x", "/tool||", "/tool|/tool|", "|/tool|"]) {
            assertEquals(`${operation} ${payload} ${who.ask(operation, payload)}`, `${operation} ${payload} EINVAL`);
          }
        }
      }
      assertEquals(tree(), before);
    }),
  );

  test(
    "invalid payloads are accepted or rejected as in the C daemon",
    within(({ dom0, tree }) => {
      const before = tree();
      tableOf(
        dom0,
        ["WRITE", "", "EINVAL"],
        ["WRITE", "/tool", "EINVAL"],
        ["WRITE", "|x", "EINVAL"],
        ["DIRECTORY_PART", "", "EINVAL"],
        ["DIRECTORY_PART", "/tool|", "EINVAL"],
        ["DIRECTORY_PART", "/tool|0", "EINVAL"],
        ["DIRECTORY_PART", "/tool|0|0|", "EINVAL"],
        ["SET_PERMS", "", "EINVAL"],
        ["SET_PERMS", "/tool|", "EINVAL"],
        ["SET_PERMS", "/tool|n0", "EINVAL"],
        ["SET_PERMS", "/tool||", "EINVAL"],
        ["SET_PERMS", "/tool|n0||", "EINVAL"],
        ["SET_PERMS", "/tool|n0|x0|", "EINVAL"],
      );
      assertEquals(tree(), before);
      const [number] = dom0.ask("DIRECTORY_PART", "/tool|0|").split("|");
      tableOf(
        dom0,
        ["DIRECTORY_PART", "/tool|0|rest", `${number}|xenstored||`],
        // The last entry does not end with NUL, and does not count.
        ["SET_PERMS", "/tool|b0|r5", "OK|"],
        ["GET_PERMS", "/tool|", "b0|"],
      );
    }),
  );
});

describe("paths", () => {
  test(
    "every operation rejects an invalid path with EINVAL",
    within(({ dom0, guest, tree }) => {
      const before = tree();
      for (const who of [dom0, guest(5)]) {
        for (const [operation, payload] of ON_PATHS) {
          for (const path of ILLEGAL_PATHS) {
            const answer = who.ask(operation, payload(path));
            assertEquals(`${operation} "${path}" ${answer}`, `${operation} "${path}" EINVAL`);
          }
        }
      }
      assertEquals(tree(), before);
    }),
  );

  test(
    "paths accept exactly the legal characters",
    within(({ dom0 }) => {
      for (const path of LEGAL_PATHS) {
        tableOf(
          dom0,
          ["READ", `${path}|`, "ENOENT"],
          ["WRITE", `${path}|x`, "OK|"],
          ["READ", `${path}|`, "x"],
          ["RM", `${path}|`, "OK|"],
        );
      }
      for (const byte of Array.from({ length: 255 }, (_, i) => i + 1)) {
        const character = String.fromCharCode(byte);
        if (character === "|") continue;
        const legal = /[A-Za-z0-9\-/_@]/.test(character);
        assertEquals(dom0.ask("READ", `/none${character}x|`), legal ? "ENOENT" : "EINVAL", `byte ${byte}`);
      }
    }),
  );

  test(
    "special nodes accept only operations on permissions",
    within(({ dom0 }) => {
      const refused = ["READ", "DIRECTORY", "MKDIR", "RM"] as const;
      for (const operation of refused) assertEquals(dom0.ask(operation, "@releaseDomain|"), "EINVAL", operation);
      tableOf(
        dom0,
        ["WRITE", "@releaseDomain|x", "EINVAL"],
        ["DIRECTORY_PART", "@releaseDomain|0|", "EINVAL"],
        ["GET_PERMS", "@unknown|", "ENOENT"],
        ["SET_PERMS", "@unknown|n0|", "ENOENT"],
        ["GET_PERMS", "@releaseDomain/5|", "ENOENT"],
        ["GET_PERMS", "@|", "ENOENT"],
        ["GET_PERMS", "@a.b|", "EINVAL"],
        ["GET_PERMS", "@releaseDomain/|", "EINVAL"],
        ["GET_PERMS", "/@releaseDomain|", "ENOENT"],
        ["DIRECTORY", "/|", "tool|local|"],
      );
    }),
  );

  test(
    "a guest's path may have 2048 bytes, not counting the home of a domain",
    within(({ guest, node }) => {
      node("/open", "b0");
      node("/local/domain/5", "b0");
      const rows: [prefix: string, longest: number][] = [
        ["/open/", 2048 - "/open/".length],
        ["/local/domain/5/", 2048],
        ["/local/domain/5/a/", 2048 - "a/".length],
        ["/local/domain/65535/", 2048],
        ["/local/domain/x/", 2048 - "/local/domain/x/".length],
        ["a/", 2048 - "a/".length],
      ];
      const five = guest(5);
      for (const [prefix, longest] of rows) {
        const fits = five.ask("READ", `${prefix}${"x".repeat(longest)}|`);
        assert(fits === "ENOENT" || fits === "EACCES", `${prefix}: ${fits}`);
        assertEquals(five.ask("READ", `${prefix}${"x".repeat(longest + 1)}|`), "EINVAL", prefix);
      }
    }),
  );

  test(
    "a path of domain 0 may have 3072 bytes, or 2048 if it is relative, whatever the quota",
    within(({ dom0, tell }) => {
      for (const quota of ["2048", "20"]) {
        tell("SET_QUOTA", `path-max|${quota}|`);
        tell("SET_QUOTA", `0|path-max|${quota}|`);
        for (const [prefix, limit] of [["/open/", 3072], ["/local/domain/5/", 3072], ["a/", 2048]] as const) {
          const longest = prefix + "x".repeat(limit - prefix.length);
          assertEquals(dom0.ask("READ", `${longest}|`), "ENOENT");
          assertEquals(dom0.ask("READ", `${longest}x|`), "EINVAL");
        }
      }
    }),
  );

  test(
    "a path has at most 3072 bytes if the quota is 0",
    within(({ dom0, guest, tell }) => {
      tell("SET_QUOTA", "path-max|0|");
      tell("SET_QUOTA", "0|path-max|0|");
      for (const who of [dom0, guest(5)]) {
        assert(who.ask("READ", `/${"x".repeat(3071)}|`) !== "EINVAL");
        assertEquals(who.ask("READ", `/${"x".repeat(3072)}|`), "EINVAL");
      }
    }),
  );
});

describe("limits", () => {
  test(
    "a value may fill a message",
    within(({ dom0 }) => {
      const value = new Uint8Array(PAYLOAD_MAX - "/a".length - 1).fill(0x7e);
      assertEquals(written(dom0, "/a", value), value);
    }),
  );

  test(
    "GET_PERMS fails with E2BIG if the reply exceeds a message",
    within(({ dom0 }) => {
      // Each number of ten digits becomes ten digits and a sign.
      const list = Array.from({ length: 320 }, () => "r0x80000000");
      tableOf(dom0, ["SET_PERMS", `/tool|n0|${list.join("|")}|`, "OK|"], ["GET_PERMS", "/tool|", "E2BIG"]);
      tableOf(dom0, ["SET_PERMS", `/tool|n0|${list.slice(0, 314).join("|")}|`, "OK|"]);
      assertEquals(dom0.ask("GET_PERMS", "/tool|"), `n0|${"r-2147483648|".repeat(314)}`);
    }),
  );
});
