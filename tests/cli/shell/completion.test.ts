// Completion: what a Tab inserts at each place of a line, and that it stands for the bytes of the store.

import { describe, test } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { inColumns } from "../../../src/cli/shell/columns.ts";
import { complete, type Sources } from "../../../src/cli/shell/completion.ts";
import { classNames } from "../../../src/cli/shell/handlers.ts";
import { operandOf, optionsOf } from "../../../src/cli/shell/operands.ts";
import { wordsOf } from "../../../src/cli/shell/words.ts";

const hostile = "\x1b[31mred\x07";
const tree: Readonly<Record<string, readonly string[]>> = {
  "/": ["tool", "local"],
  "/tool": ["name", "nature", "two words", "it's", "x"],
  "/local": ["domain"],
  "/local/domain": ["0", "10"],
  "/tool/x": [hostile, "\x1b[32m", "\xff"],
};

const sources: Sources = {
  commands: ["read", "rm", "restore", "write", "watch", "list", "list-events", "help", "event", "delete-event"],
  options: optionsOf,
  operand: operandOf,
  children: (path) => {
    const names = tree[path];
    return names === undefined ? Promise.reject(new Error("ENOENT")) : Promise.resolve(names);
  },
  classes: classNames,
  handlers: () => ["log", "log", "other one"],
};

/** The line after a Tab, or the choices. */
async function tab(line: string): Promise<string | readonly string[]> {
  const { erased, inserted, choices } = await complete(line, sources);
  return choices.length > 0 ? choices : line.slice(0, line.length - erased.length) + inserted;
}

describe("complete()", () => {
  const cases: readonly (readonly [line: string, expected: string | readonly string[]])[] = [
    ["wr", "write "],
    ["r", ["read", "restore", "rm"]],
    ["-rea", "-read "],
    ["lis", "list"],
    ["list", ["list", "list-events"]],
    ["bogus", "bogus"],
    ["", [...sources.commands].sort()],
    ["read ", "read /"],
    ["read /t", "read /tool/"],
    ["read /tool/n", "read /tool/na"],
    ["read /tool/na", ["name", "nature"]],
    ["read /tool/nam", "read /tool/name "],
    ["read /tool/name /lo", "read /tool/name /local/"],
    ["read -p /local/d", "read -p /local/domain/"],
    ["read -", ["--prefix", "--raw", "-R", "-p"]],
    ["read --p", "read --prefix "],
    ["read -- --p", "read -- --p"],
    ["read /nothing/a", "read /nothing/a"],
    ["read name", "read name"],
    ["read /tool/tw", "read /tool/'two words' "],
    ["read /tool/'tw", "read /tool/'two words' "],
    ["read '/tool/tw", "read '/tool/two words' "],
    ['read "/tool/nam', "read /tool/name "],
    ["read '/lo", "read /local/"],
    ["read /tool/i", "read /tool/$'it\\'s' "],
    ["read /tool/x/", ["$'\\x1b[31mred\\x07'", "$'\\x1b[32m'", "$'\\xff'"]],
    ["read /tool/x/$'\\x1b", "read /tool/x/$'\\x1b[3"],
    ["read /tool/x/$'\\x1b[3", ["$'\\x1b[31mred\\x07'", "$'\\x1b[32m'"]],
    ["read /tool/x/$'\\x1b[31", "read /tool/x/$'\\x1b[31mred\\x07' "],
    ["read /tool/x/\xff", "read /tool/x/$'\\xff' "],
    ["read '/tool/x/'$'\\x1b[31", "read '/tool/x/'$'\\x1b[31mred\\x07' "],
    ["write /tool/nam", "write /tool/name "],
    ["write /tool/name /lo", "write /tool/name /lo"],
    ["write /tool/name 1 /lo", "write /tool/name 1 /local/"],
    ["chmod /lo", "chmod /local/"],
    ["chmod /tool n", "chmod /tool n"],
    ["watch @int", "watch @introduceDomain "],
    ["watch --exec /lo", "watch --exec /lo"],
    ["watch --exec x /lo", "watch --exec x /local/"],
    ["watch -n /lo", "watch -n /lo"],
    ["wait /local /lo", "wait /local /lo"],
    ["help wri", "help write "],
    ["event x tr", "event x trace "],
    ["event x trace,warn", "event x trace,warning "],
    ["event x l", ["launch_done", "library", "libvirt_auth"]],
    ["event x trace /lo", "event x trace /lo"],
    ["delete-event l", "delete-event log "],
    ["delete-event o", "delete-event 'other one' "],
    ["read /t # /t", "read /t # /t"],
    ["read /t | r", "read /t | r"],
    ["read /t\\", "read /t\\"],
  ];
  for (const [line, expected] of cases) {
    test(`a Tab after ${JSON.stringify(line)} gives ${JSON.stringify(expected)}`, async () => {
      assertEquals(await tab(line), expected);
    });
  }

  test("every name of one to three bytes is completed to printable ASCII that stands for these bytes", async () => {
    for (let byte = 1; byte < 256; byte++) {
      if (byte === 0x2f) continue;
      const name = `a${String.fromCharCode(byte)}1`;
      const { inserted, erased } = await complete("read /tool/a", {
        ...sources,
        children: () => Promise.resolve([name]),
      });
      assertMatch(inserted, /^[ -~]+$/);
      const line = `read /tool/a`.slice(0, -erased.length) + inserted;
      assertEquals(wordsOf(line).words.at(-1)?.text, `/tool/${name}/`);
      // Two names that differ in their last byte have the others in common.
      const two = await complete("read /tool/", {
        ...sources,
        children: () => Promise.resolve([name, `${name.slice(0, 2)}2`]),
      });
      assertMatch(two.inserted, /^[ -~]+$/);
      assertEquals(wordsOf(`read /tool/${two.inserted}`).words.at(-1)?.text, `/tool/${name.slice(0, 2)}`);
    }
  });
});

describe("inColumns()", () => {
  test("fills columns from top to bottom, within the width", () => {
    assertEquals(inColumns(["aa", "b", "c", "d", "e"], 9), "aa  d\nb   e\nc\n");
    assertEquals(inColumns(["a"], 80), "a\n");
  });

  test("shortens a long text, and shows the beginning of a long list", () => {
    assertEquals(inColumns(["abcdefghij"], 8), "abcd...\n");
    const many = inColumns(Array.from({ length: 250 }, (_, i) => `n${i}`), 80).split("\n");
    assertEquals(many.at(-2), "... and 50 more");
    assertEquals(Math.max(...many.map(({ length }) => length)) < 80, true);
  });
});
