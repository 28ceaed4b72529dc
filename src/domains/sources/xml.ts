// A small reader of XML: elements, attributes and text. It knows no document type, so that no entity can grow.

import { UnusableError } from "./problems.ts";

/** An element. */
export interface Element {
  /** The name, with its prefix if it has one. */
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly Element[];
  /** The text between the tags, without that of the elements inside. */
  readonly text: string;
}

interface Open {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: Open[];
  text: string;
}

/** The deepest element. */
const DEPTH_MAX = 256;
const NAME = "[\\p{L}_:][\\p{L}\\p{M}\\p{Nd}\\-._:]*";
const SPACE = "[ \\t\\r\\n]";
const ATTRIBUTE = `${SPACE}+(${NAME})${SPACE}*=${SPACE}*("[^<"]*"|'[^<']*')`;
const start = new RegExp(`<(${NAME})((?:${ATTRIBUTE.replaceAll(/\((?!\?)/g, "(?:")})*)${SPACE}*(/?)>`, "uy");
const end = new RegExp(`</(${NAME})${SPACE}*>`, "uy");
const attribute = new RegExp(ATTRIBUTE, "gu");
const QUOTED = `("[\\w.-]*"|'[\\w.-]*')`;
const declaration = new RegExp(
  `<\\?xml${SPACE}+version${SPACE}*=${SPACE}*${QUOTED}(?:${SPACE}+encoding${SPACE}*=${SPACE}*${QUOTED})?` +
    `(?:${SPACE}+standalone${SPACE}*=${SPACE}*["'](?:yes|no)["'])?${SPACE}*\\?>`,
  "y",
);
const instruction = new RegExp(`<\\?(${NAME})(?:${SPACE}[\\s\\S]*?)?\\?>`, "uy");
const named: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", apos: "'", quot: '"' };
/** A character that XML does not allow. */
const forbidden = /[^\t\n\r -\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

/**
 * Parses a document in UTF-8.
 *
 * @param bytes The document.
 * @returns Its root.
 * @throws {UnusableError} If the document is not well-formed, is not in UTF-8, or has a document type.
 */
export function parseXml(bytes: Uint8Array): Element {
  let text;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new UnusableError("it is not in UTF-8");
  }
  if (forbidden.test(text)) throw new UnusableError("it has a character that XML does not allow");
  return new Reader(text.replaceAll(/\r\n?/g, "\n")).read();
}

/** Returns the first element at a path of names below an element. */
export function elementAt(root: Element, ...names: readonly string[]): Element | undefined {
  let found: Element | undefined = root;
  for (const name of names) found = found?.children.find((child) => child.name === name);
  return found;
}

class Reader {
  readonly #text: string;
  #at = 0;
  readonly #open: Open[] = [];
  #root: Open | null = null;

  constructor(text: string) {
    this.#text = text;
  }

  read(): Element {
    const [, , quoted = "'utf-8'"] = this.#match(declaration, /^<\?xml[ \t\r\n]/.test(this.#text)) ?? [];
    if (!/^.(?:utf-8|us-ascii).$/i.test(quoted)) throw new UnusableError("it is not in UTF-8");
    while (this.#at < this.#text.length) this.#step();
    if (this.#root === null || this.#open.length > 0) throw this.#fault("an element is not closed");
    return this.#root;
  }

  /** Takes the next piece: text, a tag, a comment, a section of text, or an instruction. */
  #step(): void {
    const opening = this.#text.indexOf("<", this.#at);
    const until = opening < 0 ? this.#text.length : opening;
    if (until > this.#at) return this.#take(until);
    if (this.#text.startsWith("<!--", this.#at)) return this.#skipComment();
    if (this.#text.startsWith("<![CDATA[", this.#at)) return this.#takeSection();
    if (this.#text.startsWith("<!", this.#at)) throw this.#fault("it has a document type");
    const instructed = this.#match(instruction, this.#text.startsWith("<?", this.#at));
    if (instructed?.[1]?.toLowerCase() === "xml") throw this.#fault("a declaration is not at the beginning");
    if (instructed !== null) return;
    const ended = this.#match(end, this.#text.startsWith("</", this.#at));
    if (ended === null) return this.#start();
    if (this.#open.pop()?.name !== ended[1]) throw this.#fault(`</${ended[1]}> closes another element`);
  }

  #start(): void {
    const [, name = "", attributes = "", closing] = this.#match(start, true) ?? [];
    if (this.#open.length === DEPTH_MAX) throw this.#fault("it is too deep");
    const parent = this.#open.at(-1);
    if (parent === undefined && this.#root !== null) throw this.#fault("it has a second root");
    const element: Open = { name, attributes: this.#attributes(attributes), children: [], text: "" };
    if (parent === undefined) this.#root = element;
    else parent.children.push(element);
    if (closing === "") this.#open.push(element);
  }

  #attributes(text: string): Map<string, string> {
    const found = new Map<string, string>();
    for (const [, name = "", value = ""] of text.matchAll(attribute)) {
      if (found.has(name)) throw this.#fault("an attribute is repeated");
      found.set(name, this.#decoded(value.slice(1, -1).replaceAll(/[\t\n]/g, " ")));
    }
    return found;
  }

  #take(until: number): void {
    const text = this.#text.slice(this.#at, until);
    const element = this.#open.at(-1);
    if (text.includes("]]>")) throw this.#fault("it has an end of a section");
    if (element !== undefined) element.text += this.#decoded(text);
    else if (/[^ \t\n]/.test(text)) throw this.#fault("it has text outside of its root");
    this.#at = until;
  }

  #takeSection(): void {
    const until = this.#text.indexOf("]]>", this.#at);
    const element = this.#open.at(-1);
    if (until < 0 || element === undefined) throw this.#fault("a section is not closed, or outside of the root");
    element.text += this.#text.slice(this.#at + "<![CDATA[".length, until);
    this.#at = until + "]]>".length;
  }

  #skipComment(): void {
    const until = this.#text.indexOf("--", this.#at + "<!--".length);
    if (until < 0 || this.#text.charAt(until + 2) !== ">") throw this.#fault("a comment is not closed");
    this.#at = until + "-->".length;
  }

  #decoded(text: string): string {
    return text.replaceAll(/&(?:(#x[0-9a-fA-F]+|#[0-9]+|[a-z]+);)?/g, (_, reference: string | undefined) => {
      const known = reference === undefined ? undefined : named[reference];
      const code = reference?.startsWith("#") ? Number(reference.slice(1).replace("x", "0x")) : NaN;
      const character = known ?? (code <= 0x10ffff ? String.fromCodePoint(code) : "\0");
      if (forbidden.test(character)) throw this.#fault("it has an unknown entity");
      return character;
    });
  }

  /** Matches a piece at the current place, if it is expected, and takes it. */
  #match(pattern: RegExp, isExpected: boolean): RegExpExecArray | null {
    if (!isExpected) return null;
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) throw this.#fault("a tag is malformed");
    this.#at = pattern.lastIndex;
    return match;
  }

  #fault(reason: string): UnusableError {
    const line = this.#text.slice(0, this.#at).split("\n").length;
    return new UnusableError(`line ${line}: ${reason}`);
  }
}
