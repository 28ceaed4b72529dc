// What the rules of language find, and what they leave alone.

import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { findingsOf } from "./rules.ts";
import { ofMarkdown, ofTypeScript } from "./sentences.ts";

const namesOf = (file: string, text: string): string[] => findingsOf(file, text).map(({ rule }) => rule);

test("the English of a TypeScript file is its comments and its strings of several words", () => {
  const source = [
    "// One comment",
    "// on two lines.",
    'const path = "a/path";',
    "/**",
    " * A summary.",
    " *",
    " * ```ts",
    " * const code = 1;",
    " * ```",
    " */",
    "throw new Error(`cannot read ${path}`);",
  ].join("\n");
  assertEquals(ofTypeScript(source), [
    { line: 1, text: "One comment on two lines." },
    { line: 5, text: "A summary." },
    { line: 11, text: "cannot read ${path}" },
  ]);
});

test("a quote within a regular expression begins no string", () => {
  assertEquals(ofTypeScript('const quote = /["`]/;\n// A comment.').map(({ text }) => text), ["A comment."]);
});

test("the English of Markdown is everything but fenced code", () => {
  const source =
    "# A title\n\nOne paragraph\non two lines.\n\n```ts\nconst code = 1;\n```\n\n- an item\n- another item";
  assertEquals(ofMarkdown(source), [
    { line: 1, text: "# A title" },
    { line: 3, text: "One paragraph on two lines." },
    { line: 10, text: "- an item" },
    { line: 11, text: "- another item" },
  ]);
});

const faults: readonly (readonly [string, string])[] = [
  ["where", "// Fails where the value is too long."],
  ["nobody", "// The socket that nobody listens on."],
  ["behind", "// The reply comes behind the events."],
  ["is none", "// A path that is none is refused."],
  ["at once", "// The predicate runs at once."],
  ["for ever", "// The request waits for ever."],
  ["at the most", "// Called once at the most."],
  ["meanwhile", "// Another client wrote it meanwhile."],
  ["headless", "// Disconnects who does not read."],
];
for (const [rule, source] of faults) {
  test(`the rule "${rule}" finds ${JSON.stringify(source)}`, () => assertEquals(namesOf("a.ts", source), [rule]));
}

test("the rules leave plain sentences and code alone", () => {
  const source = "// Runs immediately, and again after every change.\nconst behind = 1, meanwhile = where(it);";
  assertEquals(namesOf("a.ts", source), []);
});
