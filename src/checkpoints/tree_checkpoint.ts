// A tree that was saved: whole, or as a difference to an earlier checkpoint.

import { createHash } from "node:crypto";
import { checkOptions } from "../wire/checks.ts";
import { REQUEST_OPTIONS, type RequestOptions } from "../client/arguments.ts";
import { applied, readDifferences } from "./chain.ts";
import type { TreeDifference } from "./differences.ts";
import { type End, type Head, headLine, nodeLine, readHead, readNodes } from "./dump_format.ts";
import { DumpError } from "./lines.ts";
import type { OpenBytes, Payload } from "./payload.ts";
import { BrokenChainError } from "./tree_errors.ts";
import type { TreeNode } from "./tree_node.ts";

/** What is known of a whole tree. */
export interface TreeSummary {
  /** The SHA-256 of the tree as a dump, without its last line, in hexadecimal digits. */
  readonly id: string;
  /** The number of nodes. */
  readonly nodes: number;
}

/** Called with the number of bytes that were read, and the number of all bytes. */
type OnRead = (position: number, total: number) => void;

/**
 * A tree that was saved. {@linkcode saveTree} and {@linkcode openTree} return one.
 *
 * It holds no file open. Each reading opens its bytes again.
 *
 * @example
 * ```ts
 * import { connect } from "tsxs";
 * import { saveTree } from "tsxs/checkpoints";
 *
 * await using store = await connect();
 * await store.write("/tool/example/a", "1");
 * const checkpoint = await saveTree(store, "/tool/example");
 * for await (const { path, permissions } of checkpoint.nodes()) console.log(path, permissions);
 * console.log((await checkpoint.summary()).nodes); // 2
 * ```
 */
export class TreeCheckpoint {
  /** The path of the top of the tree. */
  readonly path: string;
  /** The checkpoint that this one is a difference to; `null` if this one is whole. */
  readonly parent: TreeCheckpoint | null;
  /** The name of its directory in the repository; `null` if the checkpoint is in memory. */
  readonly name: string | null;
  readonly #payload: Payload;
  readonly #head: Head;
  #summary: TreeSummary | null;

  /**
   * For {@linkcode saveTree} and {@linkcode openTree}.
   *
   * @internal
   */
  constructor(payload: Payload, head: Head, parent: TreeCheckpoint | null, summary: TreeSummary | null = null) {
    this.path = head.path;
    this.parent = parent;
    this.name = payload.directory;
    this.#payload = payload;
    this.#head = head;
    this.#summary = summary;
  }

  /** The id of the tree that this checkpoint is a difference to; `null` if it is whole. */
  get parentId(): string | null {
    return this.#head.parent?.id ?? null;
  }

  /**
   * Reads the nodes of the whole tree: a node comes before the nodes below it, and siblings are sorted by their bytes.
   *
   * Memory does not grow with the tree. If the checkpoint is a difference, its earlier checkpoints are read as well.
   *
   * @param options The signal that ends the reading.
   * @returns An async iterator of the nodes.
   * @throws {DumpError} If the checkpoint is invalid. The id is checked after the last node.
   * @throws {BrokenChainError} If the checkpoint that this one is a difference to was changed.
   */
  nodes(options: RequestOptions = {}): AsyncGenerator<TreeNode, void> {
    checkOptions("nodes", options, REQUEST_OPTIONS);
    return this.read(options.signal, true);
  }

  /**
   * Reads the whole tree, unless that was done before, and returns its id and its number of nodes.
   *
   * @param options The signal that ends the reading.
   * @returns The id and the number.
   * @throws {DumpError} If the checkpoint is invalid.
   */
  async summary(options: RequestOptions = {}): Promise<TreeSummary> {
    checkOptions("summary", options, REQUEST_OPTIONS);
    if (this.#summary === null) { for await (const _ of this.read(options.signal, true)) { /* counted */ } }
    if (this.#summary === null) throw new Error("unreachable: a tree that was read has a summary");
    return this.#summary;
  }

  /**
   * Reads the bytes of the checkpoint itself. They are lines of JSON.
   *
   * @param options The signal that ends the reading.
   * @returns The bytes, all in memory.
   */
  async bytes(options: RequestOptions = {}): Promise<Uint8Array> {
    checkOptions("bytes", options, REQUEST_OPTIONS);
    await using opened = await this.#payload.open(options.signal);
    const all = new Uint8Array(opened.size);
    let at = 0;
    for await (const chunk of opened.chunks()) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return all;
  }

  /**
   * Reads the nodes. Computes the id only if wanted: the outermost checkpoint of a chain checks it for all.
   *
   * @internal
   */
  async *read(signal: AbortSignal | undefined, checks: boolean, onRead?: OnRead): AsyncGenerator<TreeNode, void> {
    await using opened = await this.#payload.open(signal);
    const lines = await readHead(this.#payload.name, counted(opened, signal, onRead));
    const { name, head } = lines;
    if (head.path !== this.path || head.parent?.id !== this.#head.parent?.id) {
      throw new DumpError(`cannot read ${name}: it was replaced by another one`);
    }
    // Lines of a whole tree are hashed as they are, which is faster.
    const hash = checks || this.parent === null ? createHash("sha256").update(headLine(head.path)) : null;
    const end: { value?: End } = {};
    const nodes = this.parent === null
      ? keptEnd(readNodes(lines, (line) => hash?.update(`${line}\n`)), end)
      : applied(lines, this.parent.read(signal, false), keptEnd<TreeDifference>(readDifferences(lines), end));
    let count = 0;
    for await (const node of nodes) {
      if (this.parent !== null) hash?.update(nodeLine(node));
      count++;
      yield node;
    }
    if (this.parent !== null && this.parent.#summary?.id !== head.parent?.id) {
      throw new BrokenChainError(`cannot read ${name}: the checkpoint that it starts from has another content now`);
    }
    const { id = null, nodes: expected } = end.value ?? {};
    const computed = hash?.digest("hex") ?? id;
    if (computed === null || (id !== null && id !== computed) || expected !== count) {
      throw new DumpError(`cannot read ${name}: its nodes are not those of its id`);
    }
    this.#summary = { id: computed, nodes: count };
  }
}

async function* counted(
  opened: OpenBytes,
  signal: AbortSignal | undefined,
  onRead: OnRead = () => {},
): AsyncGenerator<Uint8Array, void> {
  let position = 0;
  for await (const chunk of opened.chunks()) {
    signal?.throwIfAborted();
    yield chunk;
    onRead(position += chunk.length, opened.size);
  }
}

/** Passes entries on, and keeps the last line. */
async function* keptEnd<T>(entries: AsyncGenerator<T, End>, end: { value?: End }): AsyncGenerator<T, void> {
  end.value = yield* entries;
}
