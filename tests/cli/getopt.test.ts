// The rules of getopt_long(). tests/peers compares them with the real tools.

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { type OptionRule, parseOptions } from "../../src/cli/getopt.ts";

const rules: readonly OptionRule[] = [
  { letter: "p", long: "prefix" },
  { letter: "r", long: "recurse" },
  { letter: "R", long: "raw" },
  { letter: "n", long: "number", hasArgument: true },
  { letter: "d", long: "no", hasArgument: true },
  { letter: "s" },
];

/** Parses words, and returns the options as `"p"`, `"n=1"` or `"! COMPLAINT"`, and the operands after `"|"`. */
function parse(words: readonly string[], posixlyCorrect = false): string[] {
  const { options, operands } = parseOptions(words, rules, posixlyCorrect);
  const shown = options.map((option) => {
    if (option.type === "invalid") return `! ${option.complaint}`;
    return option.argument === "" ? option.letter : `${option.letter}=${option.argument}`;
  });
  return [...shown, "|", ...operands];
}

const table: readonly (readonly [name: string, words: readonly string[], result: readonly string[]])[] = [
  ["options may follow operands", ["/a", "-p", "/b"], ["p", "|", "/a", "/b"]],
  ["letters may share a hyphen", ["-pR", "/a"], ["p", "R", "|", "/a"]],
  ["the argument of a letter may follow it directly", ["-n1"], ["n=1", "|"]],
  ["the argument of a letter may be the next word", ["-n", "1", "/a"], ["n=1", "|", "/a"]],
  ["the argument of a letter may look like an option", ["-n", "-p"], ["n=-p", "|"]],
  ["the argument of a letter may be two hyphens", ["-n", "--", "-p"], ["n=--", "p", "|"]],
  ["the last letter of a cluster may have an argument", ["-pn1"], ["p", "n=1", "|"]],
  ["a letter without its argument is invalid", ["-pn"], ["p", "! option requires an argument -- 'n'", "|"]],
  ["an unknown letter is invalid", ["-pxR"], ["p", "! invalid option -- 'x'", "R", "|"]],
  ["a hyphen within a cluster is invalid", ["-p-"], ["p", "! invalid option -- '-'", "|"]],
  ["a long option may have its argument after an equals sign", ["--number=5"], ["n=5", "|"]],
  ["a long option may have an empty argument", ["--number=", "x"], ["n", "|", "x"]],
  ["a long option may have its argument in the next word", ["--number", "5"], ["n=5", "|"]],
  ["a long option without its argument is invalid", ["--number"], ["! option '--number' requires an argument", "|"]],
  ["a long option may be shortened while it is unambiguous", ["--pre", "--nu=3"], ["p", "n=3", "|"]],
  ["a long option that is spelt out is never ambiguous", ["--no=1"], ["d=1", "|"]],
  [
    "an ambiguous long option is invalid, and the complaint lists the possibilities",
    ["--r", "/a"],
    ["! option '--r' is ambiguous; possibilities: '--recurse' '--raw'", "|", "/a"],
  ],
  ["an unknown long option is invalid", ["--x=1"], ["! unrecognized option '--x=1'", "|"]],
  ["a long option that takes no argument refuses one", ["--pref=1"], [
    "! option '--prefix' doesn't allow an argument",
    "|",
  ]],
  ["two hyphens end the options", ["-p", "--", "-R", "--"], ["p", "|", "-R", "--"]],
  ["two hyphens end the options after operands, too", ["/a", "--", "-R"], ["|", "/a", "-R"]],
  ["one hyphen is an operand", ["-", "-p"], ["p", "|", "-"]],
  ["an empty word is an operand", ["", "-p"], ["p", "|", ""]],
];

describe("parseOptions()", () => {
  for (const [name, words, result] of table) test(`parseOptions(): ${name}`, () => assertEquals(parse(words), result));

  test("parseOptions() ends the options at the first operand if POSIXLY_CORRECT is set", () => {
    assertEquals(parse(["-p", "/a", "-R", "--"], true), ["p", "|", "/a", "-R", "--"]);
    assertEquals(parse(["-p", "--", "/a"], true), ["p", "|", "/a"]);
  });
});
