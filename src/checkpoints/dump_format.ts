// The format of dumps: a first line with the path, a line for each node, and a last line with their number.

import { bytesFromJson, jsonLine, jsonOf } from "./json.ts";
import { DumpError, linesOf, recordOf, shown } from "./lines.ts";
import { nodeFromJson, nodeToJson, placeFault, type TreeNode } from "./tree_node.ts";

/** The format of a whole tree. */
const FORMAT = "tsxs-dump";
/** The format of the difference to another tree. */
const DIFFERENCE_FORMAT = "tsxs-difference";
const VERSION = 1;
const ID = /^[0-9a-f]{64}$/;

/** Names the checkpoint that a difference starts from. */
export interface ParentLink {
  /** The id of its tree. */
  readonly id: string;
  /** The name of its directory in the repository; `null` if it was in none. */
  readonly name: string | null;
}

/** The first line of a dump or a difference. */
export interface Head {
  /** The path of the top of the tree. */
  readonly path: string;
  /** What the difference starts from; `null` if the tree is whole. */
  readonly parent: ParentLink | null;
}

/** The last line of a dump or a difference. */
export interface End {
  /** The number of nodes of the tree. */
  readonly nodes: number;
  /** The id of the tree; `null` if the line lacks it, as that of `tsxs dump` does. */
  readonly id: string | null;
}

/** Returns the first line of the dump of a path. */
export function headLine(path: string): string {
  return jsonLine({ format: FORMAT, version: VERSION, path: jsonOf(path) });
}

/** Returns the first line of a difference. */
export function differenceHeadLine(path: string, parent: ParentLink): string {
  return jsonLine({ format: DIFFERENCE_FORMAT, version: VERSION, path: jsonOf(path), parent });
}

/** Returns the line of a node. */
export function nodeLine(node: TreeNode): string {
  return jsonLine({ path: jsonOf(node.path), ...nodeToJson(node) });
}

/** Returns the last line of a dump. Without it, a dump was cut. `id` is that of the tree, if it is known. */
export function endLine(nodes: number, id?: string): string {
  return jsonLine(id === undefined ? { nodes } : { nodes, id });
}

/** Returns the last line of a difference with so many lines. */
export function differenceEndLine(differences: number, nodes: number, id: string): string {
  return jsonLine({ differences, nodes, id });
}

/** The lines of a dump or a difference after its first line, which can be read once. */
export interface Lines {
  /** What messages call the dump. */
  readonly name: string;
  readonly head: Head;
  readonly rest: AsyncGenerator<string, void>;
}

/** Reads the first line. Throws a {@linkcode DumpError} if it is not that of a dump or a difference. */
export async function readHead(name: string, chunks: AsyncIterable<Uint8Array>): Promise<Lines> {
  const rest = linesOf(name, chunks);
  const first = await rest.next();
  const record = first.done === true ? null : recordOf(first.value);
  const path = bytesFromJson(record?.path);
  const isDifference = record?.format === DIFFERENCE_FORMAT;
  if (record === null || path === null || (record.format !== FORMAT && !isDifference)) {
    throw new DumpError(`${name} is not a dump: its first line lacks the format`);
  }
  if (record.version !== VERSION) {
    throw new DumpError(`cannot read ${name}: the dump has version ${shown(record.version)}, not ${VERSION}`);
  }
  const parent = isDifference ? linkOf(record.parent) : null;
  if (isDifference && parent === null) throw new DumpError(`cannot read ${name}: line 1 names no parent`);
  return { name, head: { path, parent }, rest };
}

function linkOf(json: unknown): ParentLink | null {
  if (typeof json !== "object" || json === null || !("id" in json) || !("name" in json)) return null;
  const { id, name } = json;
  if (typeof id !== "string" || !ID.test(id)) return null;
  return name === null || typeof name === "string" ? { id, name } : null;
}

/** A line between the first and the last one, by what it is about. */
export interface Entry {
  readonly path: string;
}

/**
 * Reads the lines after the first one, and checks their number. Calls `parse` for each line but the last one, which
 * returns an entry, or what is wrong. Returns the last line.
 */
export async function* readEntries<T extends Entry>(
  { name, rest }: Lines,
  counter: "nodes" | "differences",
  parse: (record: Readonly<Record<string, unknown>>) => T | string,
  onLine: (line: string) => void = () => {},
): AsyncGenerator<T, End> {
  let [number, count] = [1, 0];
  let end: End | null = null;
  const fail = (fault: string): never => {
    throw new DumpError(`cannot read ${name}: line ${number} ${fault}`);
  };
  for await (const line of rest) {
    number++;
    if (end !== null) fail("follows the last line of the dump");
    const record = recordOf(line) ?? fail("is no object of JSON");
    if (counter in record) {
      if (record[counter] !== count) fail(`counts ${shown(record[counter])} ${counter}, and the dump has ${count}`);
      end = endOf(record) ?? fail("has no valid number or id");
      continue;
    }
    const entry = parse(record);
    if (typeof entry === "string") return fail(entry);
    count++;
    onLine(line);
    yield entry;
  }
  if (end === null) throw new DumpError(`cannot read ${name}: the dump is cut after line ${number}`);
  return end;
}

function endOf({ nodes, id }: Readonly<Record<string, unknown>>): End | null {
  if (typeof nodes !== "number" || !Number.isSafeInteger(nodes)) return null;
  if (id === undefined) return { nodes, id: null };
  return typeof id === "string" && ID.test(id) ? { nodes, id } : null;
}

/** Reads the nodes of a whole tree. Throws a {@linkcode DumpError} if a line is invalid. */
export function readNodes(lines: Lines, onLine?: (line: string) => void): AsyncGenerator<TreeNode, End> {
  let previous: string | null = null;
  return readEntries(lines, "nodes", (record) => {
    const path = bytesFromJson(record.path);
    const node = path === null ? null : nodeFromJson(path, record);
    if (node === null) return "is no node";
    const fault = placeFault(node.path, lines.head.path, previous);
    previous = node.path;
    return fault ?? node;
  }, onLine);
}

/** An opened dump: its path, and its nodes in the order of the dump. The nodes can be read once. */
export interface Dump {
  readonly path: string;
  readonly nodes: AsyncGenerator<TreeNode, End>;
}

/** Opens a dump. Throws a {@linkcode DumpError} with `name` and the number of the line if the dump is invalid. */
export async function openDump(name: string, chunks: AsyncIterable<Uint8Array>): Promise<Dump> {
  const lines = await readHead(name, chunks);
  if (lines.head.parent !== null) {
    throw new DumpError(`cannot read ${name}: it is the difference to another checkpoint`);
  }
  return { path: lines.head.path, nodes: readNodes(lines) };
}
