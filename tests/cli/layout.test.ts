// The lines of `ls`. tests/peers compares them with the real tool.

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { bytesOf } from "../../src/cli/bytes.ts";
import { labelOf, layoutOf, permissionsText, valueText } from "../../src/cli/layout.ts";

interface Line {
  readonly name?: string;
  readonly value: string;
  readonly depth?: number;
  readonly columns?: number | null;
  readonly isFlat?: boolean;
  readonly permissions?: readonly string[];
}

function lineOf({ name = "name", value, depth = 0, columns = null, isFlat = false, permissions }: Line): string {
  const layout = layoutOf(isFlat, columns);
  const label = labelOf(name, `/path/${name}`, depth, layout);
  const text = label.text + valueText(bytesOf(value), label, layout, permissions !== undefined);
  return permissions === undefined ? text : text + permissionsText(permissions);
}

describe("the lines of ls", () => {
  test("a line is indented by one space for each level", () => {
    assertEquals(lineOf({ value: "v", depth: 3 }), '   name = "v"');
  });

  test("a value that fits into 80 columns is whole, and one byte more is cut", () => {
    assertEquals(lineOf({ value: "x".repeat(68) }), `name = "${"x".repeat(68)}"`);
    assertEquals(lineOf({ value: "x".repeat(69) }), `name = "${"x".repeat(68)}\\..."`);
  });

  test("a value is measured before it is escaped, and cut after that", () => {
    assertEquals(lineOf({ value: "\xff".repeat(68) }), `name = "${"\\xff".repeat(68)}"`);
    assertEquals(lineOf({ value: "\xff".repeat(69) }), `name = "${"\\xff".repeat(17)}\\..."`);
  });

  test("dots lead to the permissions in column 60", () => {
    const line = lineOf({ value: "v", permissions: ["n0", "r5"] });
    assertEquals(line, `name = "v"${" .".repeat(25)}  (n0,r5)`);
  });

  test("a cut value has its permissions directly after it", () => {
    assertEquals(lineOf({ value: "x".repeat(90), permissions: ["n0"] }), `name = "${"x".repeat(68)}\\..."  (n0)`);
  });

  test("a terminal of 40 columns cuts values to 38", () => {
    assertEquals(lineOf({ value: "x".repeat(30), columns: 40 }), `name = "${"x".repeat(26)}\\..."`);
  });

  test("a terminal that does not tell its width cuts nothing", () => {
    assertEquals(lineOf({ value: "x".repeat(90), columns: 0 }), `name = "${"x".repeat(90)}"`);
  });

  test("a name that does not fit is cut without a mark, and below 72 levels it is whole", () => {
    assertEquals(lineOf({ value: "", name: "abcdef", depth: 70 }), `${" ".repeat(70)}ab = ""`);
    assertEquals(lineOf({ value: "", name: "abcdef", depth: 73 }), `${" ".repeat(73)}abcdef = "\\..."`);
  });

  test("the domid of a permission has 32 bits, as in the tools", () => {
    assertEquals(permissionsText(["n9223372036854775807", "r-1", "b4294967295"]), "  (n-1,r-1,b-1)");
  });

  test("a flat line has its path and the whole value, and no dots", () => {
    const value = "x".repeat(90);
    assertEquals(lineOf({ value, isFlat: true, depth: 5, permissions: ["n0"] }), `/path/name = "${value}"   (n0)`);
  });

  test("a flat line on a terminal is cut to the width, without its path", () => {
    assertEquals(lineOf({ value: "x".repeat(90), isFlat: true, columns: 20 }), `/path/name = "${"x".repeat(10)}\\..."`);
  });
});
