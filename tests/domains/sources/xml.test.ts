// The reader of XML.

import { describe, test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { UnusableError } from "../../../src/domains/sources/problems.ts";
import { type Element, elementAt, parseXml } from "../../../src/domains/sources/xml.ts";

type Flat = readonly [name: string, attributes: Readonly<Record<string, string>>, text: string, ...Flat[]];

function flat({ name, attributes, text, children }: Element): Flat {
  return [name, Object.fromEntries(attributes), text, ...children.map(flat)];
}

function parse(text: string): Element {
  return parseXml(new TextEncoder().encode(text));
}

const parsed: readonly (readonly [text: string, element: Flat])[] = [
  ["<a/>", ["a", {}, ""]],
  ["<a></a >\n", ["a", {}, ""]],
  ["\ufeff<?xml version='1.0' encoding='UTF-8'?>\n<!-- c --><?go now?><a b='1' c = \"2\"/>", [
    "a",
    { b: "1", c: "2" },
    "",
  ]],
  ["<a>x<b>y</b>z<x:c/></a>", ["a", {}, "xz", ["b", {}, "y"], ["x:c", {}, ""]]],
  ["<a b='&lt;&#9;&#xe9;'>&amp;&gt;&quot;&apos;&#8364;</a>", ["a", { b: "<\t\u00e9" }, "&>\"'\u20ac"]],
  ["<a><![CDATA[<b>&amp;]]]]></a>", ["a", {}, "<b>&amp;]]"]],
  ["<a b='1\n2'>\r\n\r</a>", ["a", { b: "1 2" }, "\n\n"]],
  ["<\u00e9\u0301/>", ["\u00e9\u0301", {}, ""]],
];

const refused: readonly (readonly [text: string, reason: string])[] = [
  ["", "line 1: an element is not closed"],
  ["<a>", "line 1: an element is not closed"],
  ["<a>\n</b></a>", "line 2: </b> closes another element"],
  ["</a>", "line 1: </a> closes another element"],
  ["<a/><b/>", "line 1: it has a second root"],
  ["<a/>x", "line 1: it has text outside of its root"],
  ["<a b=1/>", "line 1: a tag is malformed"],
  ["<a b='<'/>", "line 1: a tag is malformed"],
  ["<a b='1'c='2'/>", "line 1: a tag is malformed"],
  ["<a b='1' b='2'/>", "line 1: an attribute is repeated"],
  ["<1/>", "line 1: a tag is malformed"],
  ["<a>]]></a>", "line 1: it has an end of a section"],
  ["<a><![CDATA[</a>", "line 1: a section is not closed, or outside of the root"],
  ["<a><!-- -- --></a>", "line 1: a comment is not closed"],
  ["<a>&nbsp;</a>", "line 1: it has an unknown entity"],
  ["<a>& </a>", "line 1: it has an unknown entity"],
  ["<a>&#0;</a>", "line 1: it has an unknown entity"],
  ["<a>&#xd800;</a>", "line 1: it has an unknown entity"],
  ["<a>&#99999999;</a>", "line 1: it has an unknown entity"],
  ["<a>\x01</a>", "it has a character that XML does not allow"],
  ["<?xml version='1.0' encoding='ISO-8859-1'?><a/>", "it is not in UTF-8"],
  [" <?xml version='1.0'?><a/>", "line 1: a declaration is not at the beginning"],
  ["<!DOCTYPE a><a/>", "line 1: it has a document type"],
  ['<!DOCTYPE a [<!ENTITY x SYSTEM "/etc/passwd">]><a>&x;</a>', "line 1: it has a document type"],
  ["<a>".repeat(300), "line 1: it is too deep"],
];

describe("parseXml()", () => {
  for (const [text, element] of parsed) {
    test(`parseXml() takes ${JSON.stringify(text)}`, () => {
      assertEquals(flat(parse(text)), element);
    });
  }

  for (const [text, reason] of refused) {
    test(`parseXml() refuses ${JSON.stringify(text.slice(0, 60))}: ${reason}`, () => {
      assertEquals(assertThrows(() => parse(text), UnusableError).message, reason);
    });
  }

  test("parseXml() refuses bytes that are not UTF-8", () => {
    assertThrows(() => parseXml(new Uint8Array([0x3c, 0x61, 0x3e, 0xff])), UnusableError, "not in UTF-8");
  });

  test("parseXml() takes a mebibyte in one attribute, in one text and in one comment", () => {
    const long = "x".repeat(2 ** 20);
    const element = parse(`<a b='${long}'>${long}<!--${long}--></a>`);
    assertEquals([element.attributes.get("b") === long, element.text === long], [true, true]);
  });

  test("parseXml() refuses every document that is cut", () => {
    const whole = "<?xml version='1.0'?><!-- c --><a b='1'><c>&amp;</c><![CDATA[d]]></a>";
    for (let length = 0; length < whole.length; length++) {
      assertThrows(() => parse(whole.slice(0, length)), UnusableError);
    }
  });

  test("elementAt() finds the first element at a path, or nothing", () => {
    const root = parse("<a><b><c>1</c></b><b><c>2</c></b></a>");
    assertEquals(elementAt(root, "b", "c")?.text, "1");
    assertEquals(elementAt(root, "b", "d", "c"), undefined);
  });
});
