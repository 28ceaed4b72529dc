// The format of dumps: a first line with the path, a line for each node, and a last line with their number.

import { utf8Of } from "./bytes.ts";
import { escapeText } from "./escape.ts";
import { Failure } from "./invocation.ts";
import { bytesFromJson, jsonLine, jsonOf } from "./json.ts";

const FORMAT = "tsxs-dump";
const VERSION = 1;
/** The longest line, in bytes. A node takes less than 64 KiB, so a longer line belongs to no dump. */
const LINE_MAX = 1 << 20;

/** A node. All texts are byte strings. */
export interface DumpNode {
  readonly path: string;
  readonly value: string;
  readonly permissions: readonly string[];
}

/** Returns the first line of the dump of a path. */
export function headLine(path: string): string {
  return jsonLine({ format: FORMAT, version: VERSION, path: jsonOf(path) });
}

/** Returns the line of a node. */
export function nodeLine({ path, value, permissions }: DumpNode): string {
  return jsonLine({ path: jsonOf(path), value: jsonOf(value), permissions: permissions.map(jsonOf) });
}

/** Returns the last line of a dump. Without it, a dump was cut. */
export function endLine(nodes: number): string {
  return jsonLine({ nodes });
}

/**
 * Compares two paths by the order of a dump: a node comes before the nodes below it, and siblings are sorted by bytes.
 *
 * Returns a negative number if `a` comes first.
 */
export function comparePaths(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    if (a[at] !== b[at]) return rank(a.charAt(at)) - rank(b.charAt(at));
  }
  return a.length - b.length;
}

/** A slash ends a name, so it comes before all bytes of a longer name. */
function rank(character: string): number {
  return character === "/" ? -1 : character.charCodeAt(0);
}

/** Returns whether a path is `top` or below it. */
export function isWithin(path: string, top: string): boolean {
  return path === top || top === "/" || path.startsWith(`${top}/`);
}

/** An opened dump: its path, and its nodes in the order of the dump. The nodes can be read once. */
export interface Dump {
  readonly path: string;
  readonly nodes: AsyncGenerator<DumpNode, void>;
}

/** Opens a dump. Throws a {@linkcode Failure} with `name` and the number of the line if the dump is invalid. */
export async function openDump(name: string, chunks: AsyncIterable<Uint8Array>): Promise<Dump> {
  const lines = linesOf(name, chunks);
  const first = await lines.next();
  const head = first.done === true ? null : recordOf(first.value);
  const path = bytesFromJson(head?.path);
  if (head?.format !== FORMAT || path === null) {
    throw new Failure(`${name} is not a dump: its first line lacks the format`);
  }
  if (head.version !== VERSION) {
    throw new Failure(`cannot read ${name}: the dump has version ${shown(head.version)}, not ${VERSION}`);
  }
  return { path, nodes: nodesOf(name, path, lines) };
}

async function* nodesOf(name: string, top: string, lines: AsyncIterable<string>): AsyncGenerator<DumpNode, void> {
  let [number, count] = [1, 0];
  let end: unknown = null;
  let previous: string | null = null;
  const fail = (fault: string): never => {
    throw new Failure(`cannot read ${name}: line ${number} ${fault}`);
  };
  for await (const line of lines) {
    number++;
    if (end !== null) fail("follows the last line of the dump");
    const record = recordOf(line) ?? fail("is no object of JSON");
    if ("nodes" in record) {
      end = record.nodes;
      if (end !== count) fail(`counts ${shown(end)} nodes, and the dump has ${count}`);
      continue;
    }
    const node = nodeOf(record) ?? fail("is no node");
    const fault = faultOf(node.path, top, previous);
    if (fault !== null) fail(fault);
    previous = node.path;
    count++;
    yield node;
  }
  if (end === null) throw new Failure(`cannot read ${name}: the dump is cut after line ${number}`);
}

/** Returns what is wrong with the place of a node, or `null`. Its parent is the previous node or a parent of that. */
function faultOf(path: string, top: string, previous: string | null): string | null {
  if (previous === null) return path === top ? null : "is not the node that the first line names";
  if (!/^(?:\/[^/\0]+)+$/.test(path)) return "has an invalid path";
  const parent = path.slice(0, path.lastIndexOf("/")) || "/";
  if (!isWithin(previous, parent) || !isWithin(parent, top)) return "comes without the line of its parent before it";
  return comparePaths(previous, path) < 0 ? null : "is not in the order of a dump";
}

/** Returns the object of JSON that a line is, or `null`. */
export function recordOf(line: string): Record<string, unknown> | null {
  try {
    const record: unknown = JSON.parse(line);
    return typeof record === "object" && record !== null ? { ...record } : null;
  } catch {
    return null;
  }
}

function nodeOf(record: Record<string, unknown>): DumpNode | null {
  const [path, value] = [bytesFromJson(record.path), bytesFromJson(record.value)];
  if (path === null || value === null || !Array.isArray(record.permissions)) return null;
  const permissions = record.permissions.map(bytesFromJson).filter((text) => text !== null && !text.includes("\0"));
  if (permissions.length !== record.permissions.length || permissions.length === 0) return null;
  return { path, value, permissions: permissions.filter((text) => text !== null) };
}

/** Returns a part of a dump for a message. */
function shown(json: unknown): string {
  return escapeText(utf8Of(JSON.stringify(json) ?? "nothing"));
}

/** Splits chunks into lines, of which it holds one at a time. The last line may lack its line end. */
export async function* linesOf(
  name: string,
  chunks: AsyncIterable<Uint8Array>,
  longest: number = LINE_MAX,
): AsyncGenerator<string, void> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const decode = (chunk?: Uint8Array): string => {
    try {
      return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
    } catch {
      throw new Failure(`cannot read ${name}: it is not UTF-8`);
    }
  };
  let rest = "";
  for await (const chunk of chunks) {
    const lines = (rest + decode(chunk)).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > longest) throw new Failure(`cannot read ${name}: a line is longer than ${longest} bytes`);
    yield* lines;
  }
  rest += decode();
  if (rest !== "") yield rest;
}
