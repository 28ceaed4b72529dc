// Readers of definitions beside two foreign ones: libxlutil of Xen, and expat.

import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "@std/assert";
import { numberOf, parseXlCfg } from "../../src/domains/sources/xl_cfg.ts";
import { UnusableError } from "../../src/domains/sources/problems.ts";
import { type Element, parseXml } from "../../src/domains/sources/xml.ts";
import { runCommand } from "../support/program.ts";
import { Random } from "../support/random.ts";
import { withPeers } from "./peers.ts";

const script = join(dirname(fileURLToPath(import.meta.url)), "definitions.py");
const CASES = 8000;

/** A value of an assignment as text and as number. */
type CfgResult = Readonly<Record<string, readonly [text: string, number: number | null]>> | null;
type XmlResult = readonly [name: string, attributes: readonly (readonly string[])[], text: string, XmlResult[]] | null;

const words = 'name|memory|vcpus|x|=|+=|"a"|\'b c\'|12|0x1f|010|[|]|,|;|\n| |#c\n|\t|"\\n"|"|\'|\\|"q\\"r"|\r|A|-'
  .split("|");
const values = ['"a"', "12", '["a"]', "[ 'a' , \"b\" ]", '["a",]', '"\\t"', "''", "0xf", '[["a"],\n"b"]'];
const ends = ["\n", ";", " \n", " #c\n", "\n\n", "", " ", ","];

/** Makes the text of a configuration: assignments, or any words. */
function makeCfg(random: Random): string {
  const pick = (from: readonly string[]): string => from[random.below(from.length)] ?? "";
  let text = "";
  if (random.below(3) === 0) { for (let i = random.below(14); i >= 0; i--) text += pick(words); }
  else {
    for (let i = random.below(4); i >= 0; i--) {
      text += pick(["name", "memory", "vcpus", "x"]) + pick(["=", " = ", "+=", " += "]) + pick(values) + pick(ends);
    }
  }
  // libxlutil overlooks an invalid character in a last line without an end.
  return `${text}\n`;
}

const document = `<?xml version="1.0"?>
<!-- WARNING: THIS IS AN AUTO-GENERATED FILE. -->
<domain type='xen' id="4" xmlns:q='http://x/'>
  <name>web &amp; co</name><uuid>1b7c2f6e-0000-1111-2222-333344445555</uuid>
  <title>A &lt;b&gt; &#233;&#x20ac;</title>
  <vcpu placement='static' current="1">2</vcpu>
  <os><type arch='x86_64'>hvm</type><!-- c --><boot dev='hd'/></os>
  <description><![CDATA[ <a> ]]></description>
  <q:x y = "1
2"/>
</domain>
`;
const pieces = ["<", ">", "&", ";", "</", "/>", "<!--", "-->", "--", "]]>", "<![CDATA[", "<?a b?>", "<?xml?>", "\r\n"]
  .concat(["\r", "\0", "\x01", "\xe9", "&#0;", "&#xD800;", "&#x110000;", "&#99999999999;", "&foo;", "&#x41;", "'", '"'])
  .concat(["=", " a='b'", "<x/>", "<x>", "</x>", " ", "\t", "<!DOCTYPE a>", "\ufeff", "<1/>", "<a:b/>", "\ud83d\ude00"])
  .concat(["\uffff", "&#xFFFE;", "<!ELEMENT a>", "<a b='&lt;&#9;&#10;'/>"]);

/** Makes a document with one to three changes. */
function makeXml(random: Random): string {
  let text = document;
  for (let i = random.below(3); i >= 0; i--) {
    const [from, length] = [random.below(text.length + 1), 1 + random.below(12)];
    const insertion = pieces[random.below(pieces.length)] ?? "";
    const kind = random.below(3);
    if (kind === 0) text = text.slice(0, from) + insertion + text.slice(from);
    else if (kind === 1) text = text.slice(0, from) + text.slice(from + length);
    else text = text.slice(0, from) + text.substr(random.below(text.length), length) + text.slice(from);
  }
  return text;
}

function unlessRefused<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof UnusableError) return null;
    throw error;
  }
}

function ourCfg(text: string): CfgResult {
  const parsed = unlessRefused(() => parseXlCfg(text));
  if (parsed === null) return null;
  const strings = [...parsed].filter((entry): entry is [string, string] => typeof entry[1] === "string");
  return Object.fromEntries(strings.map(([name, value]) => [name, [value, numberOf(value)]]));
}

/** Leaves out the numbers of a text with `+=`, from which libxlutil takes no number. */
function comparable(text: string, result: CfgResult): unknown {
  if (result === null) return null;
  const entries = Object.entries(result).sort(([a], [b]) => a < b ? -1 : 1);
  return entries.map(([name, [value, number]]) => [name, value, text.includes("+=") ? null : number]);
}

function ourXml(text: string): XmlResult {
  const flat = ({ name, attributes, text, children }: Element): XmlResult => {
    const sorted = [...attributes].sort(([a], [b]) => a < b ? -1 : 1);
    return [name, sorted, text, children.map(flat)];
  };
  return unlessRefused(() => flat(parseXml(new TextEncoder().encode(text))));
}

async function theirs(cfg: readonly string[], xml: readonly string[]) {
  const coded = (text: string): string => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
  const asked = JSON.stringify({ cfg: cfg.map(coded), xml: xml.map(coded) });
  const { code, stdout, stderr } = await runCommand(["/usr/bin/python3", script], { PYTHONUTF8: "1" }, asked);
  assertEquals([code, stderr], [0, ""]);
  return JSON.parse(stdout) as { cfg: CfgResult[]; xml: XmlResult[] };
}

withPeers("definitions of domains", () => {
  describe("definitions beside other readers", () => {
    test("parseXlCfg() takes and refuses generated configurations as libxlutil does", async () => {
      const random = new Random(13);
      const texts = Array.from({ length: CASES }, () => makeCfg(random));
      const { cfg } = await theirs(texts, []);
      let accepted = 0;
      for (const [i, text] of texts.entries()) {
        assertEquals(comparable(text, ourCfg(text)), comparable(text, cfg[i] ?? null), JSON.stringify(text));
        if (cfg[i] !== null) accepted++;
      }
      assert(accepted > CASES / 10 && accepted < CASES * 9 / 10, `${accepted} of ${CASES} are accepted`);
    });

    test("parseXml() takes and refuses changed documents as expat does, except for types of documents", async () => {
      const random = new Random(13);
      const texts = [document, ...Array.from({ length: CASES }, () => makeXml(random))];
      const { xml } = await theirs([], texts);
      let accepted = 0;
      for (const [i, text] of texts.entries()) {
        assertEquals(ourXml(text), xml[i] ?? null, JSON.stringify(text));
        if (xml[i] !== null) accepted++;
      }
      assert(accepted > CASES / 10 && accepted < CASES * 9 / 10, `${accepted} of ${CASES} are accepted`);
    });
  });
});
