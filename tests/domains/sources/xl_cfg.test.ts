// The syntax of xl.cfg(5).

import { describe, test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { UnusableError } from "../../../src/domains/sources/problems.ts";
import { type CfgValue, numberOf, parseXlCfg } from "../../../src/domains/sources/xl_cfg.ts";

const parsed: readonly (readonly [text: string, values: Readonly<Record<string, CfgValue>>])[] = [
  ["", {}],
  ["\n  \n;;\n", {}],
  ['name="web"', { name: "web" }],
  ["name = 'web'\n", { name: "web" }],
  ['name="web"; memory=12', { name: "web", memory: "12" }],
  ['name="a"\nname="b"\n', { name: "b" }],
  ['name="it\'s \\"here\\"\\t\\\\"\n', { name: 'it\'s "here"\t\\' }],
  ['# a comment\nname="a" # another; name="b"\n', { name: "a" }],
  ["memory=0x10\nvcpus=010\n", { memory: "0x10", vcpus: "010" }],
  ["disk=[]\nvif = [ 'a', # one\n\n 'b',\n]\n", { disk: [], vif: ["a", "b"] }],
  ['x=[["a"],"b",[[]]]\n', { x: [["a"], "b", [[]]] }],
  ['name+="a"\nname += "b"\nx=["c"]\nx+=["d"]\n', { name: "ab", x: ["c", "d"] }],
  ['name="a\u00e9\x01"\n', { name: "a\u00e9\x01" }],
];

const refused: readonly (readonly [text: string, reason: string])[] = [
  ["name", "line 1 lacks an assignment"],
  ["name=abc\n", "line 1 lacks a value"],
  ["\n\nmemory=\n3", "line 3 lacks a value"],
  ['name="a" memory=3\n', "line 1 lacks the end of a line"],
  ['name="a', "line 1 has an invalid character or an open string"],
  ['name="a\nb"\n', "line 1 has an invalid character or an open string"],
  ['name="a\\"\n', "line 1 has an invalid character or an open string"],
  ['name="a"\r\n', "line 1 has an invalid character or an open string"],
  ['Name="a"\n', "line 1 has an invalid character or an open string"],
  ['name="a" # not ended', "line 1 has an invalid character or an open string"],
  ['\ufeffname="a"\n', "line 1 has an invalid character or an open string"],
  ['name="a\0"\n', "line 1 has an invalid character or an open string"],
  ['name="\\q"\n', "line 1 has an unknown escape"],
  ['x=["a" "b"]\n', "line 1 lacks the end of a list"],
  ['x=["a",,"b"]\n', "line 1 lacks a value"],
  ['\nx=["a"\n', "line 3 lacks the end of a list"],
  ['x=["a"]\nx+="b"\n', "line 2 adds a string and a list"],
  [`x=${"[".repeat(5000)}\n`, "line 1 has more than 100 lists in lists"],
  ["import os\n", "line 1 lacks an assignment"],
];

describe("parseXlCfg()", () => {
  for (const [text, values] of parsed) {
    test(`parseXlCfg() takes ${JSON.stringify(text)}`, () => {
      assertEquals(Object.fromEntries(parseXlCfg(text)), values);
    });
  }

  for (const [text, reason] of refused) {
    test(`parseXlCfg() refuses ${JSON.stringify(text.slice(0, 40))}: ${reason}`, () => {
      const error = assertThrows(() => parseXlCfg(text), UnusableError);
      assertEquals(error.message, reason);
    });
  }

  test("parseXlCfg() takes tokens of a mebibyte", () => {
    const long = "a".repeat(2 ** 20);
    assertEquals(parseXlCfg(`#${long}\n${" ".repeat(2 ** 20)}name="${long}"\n`).get("name"), long);
  });
});

describe("numberOf()", () => {
  const numbers: readonly (readonly [CfgValue | undefined, number | null])[] = [
    ["12", 12],
    ["0", 0],
    ["0x1f", 31],
    ["010", 8],
    ["08", null],
    ["12a", null],
    ["0x", null],
    ["", null],
    ["1e5", null],
    [" 7", 7],
    ["7 ", null],
    ["-3", -3],
    ["+3", 3],
    ["99999999999999999999", null],
    [["12"], null],
    [undefined, null],
  ];
  for (const [value, number] of numbers) {
    test(`numberOf() takes ${JSON.stringify(value)} as ${number}`, () => {
      assertEquals(numberOf(value), number);
    });
  }
});
