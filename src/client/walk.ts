// Visits a tree, with the requests of a whole level under way at once.

import { XenStoreError } from "../wire/errors.ts";
import { childPath } from "../wire/path.ts";
import type { NodeOperations } from "./nodes.ts";

/** How to walk. */
export interface WalkOptions {
  /** Whether a node comes before those below it, as it does by default, or after them. */
  readonly topDown?: boolean;
  /** How many levels below the top to visit; all by default. */
  readonly maxDepth?: number;
  /** How many nodes the walk may find before it rejects with E2BIG; any number by default. Bound it for a guest's tree. */
  readonly maxNodes?: number;
  /** Ends the walk, with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** A node on a walk. */
export interface WalkNode {
  /** Its path. */
  readonly path: string;
  /** Levels below the top, which is at 0. */
  readonly depth: number;
  /** Its value; `null` where it may not be read. */
  readonly value: Uint8Array | null;
  /** The names of its children, those that are deeper than the walk goes included; none where it may not be read. */
  readonly children: readonly string[];
}

/** The nodes of a tree, one after the other. */
export type Walk = AsyncGenerator<WalkNode, void, undefined>;

/** Nodes whose requests are under way at the same time: bounds what a walk costs the store, not how fast it is. */
const IN_FLIGHT_MAX = 2048;

interface Found {
  readonly path: string;
  readonly depth: number;
  readonly content: Promise<Content | null>;
}

interface Content {
  readonly value: Uint8Array | null;
  readonly children: readonly string[];
  readonly below: readonly Found[];
}

/** Visits `top` and all below it. A node that vanishes before it was read is left out, unless it is the top. */
export async function* walk(nodes: NodeOperations, top: string, options: WalkOptions): Walk {
  const fetcher = new Fetcher(nodes, top, options);
  try {
    yield* visit(fetcher, options.topDown ?? true);
  } finally {
    fetcher.stop();
  }
}

/** A stack, not recursion: the depth of a tree is up to whoever wrote it. */
async function* visit(fetcher: Fetcher, topDown: boolean): Walk {
  const stack: { found: Found; node?: WalkNode }[] = [{ found: fetcher.start() }];
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    if (at.node !== undefined) {
      fetcher.checkAborted();
      yield at.node;
      continue;
    }
    const { path, depth } = at.found;
    const content = await fetcher.content(at.found);
    if (content === null) continue;
    const { value, children, below } = content;
    const node: WalkNode = { path, depth, value, children };
    if (!topDown) stack.push({ found: at.found, node });
    for (let i = below.length - 1; i >= 0; i--) {
      const found = below[i];
      if (found !== undefined) stack.push({ found });
    }
    if (topDown) yield node;
  }
}

/** Reads nodes, level by level, ahead of the visit. */
class Fetcher {
  readonly #nodes: NodeOperations;
  readonly #top: string;
  readonly #maxDepth: number;
  readonly #maxNodes: number;
  readonly #signal: AbortSignal | undefined;
  readonly #waiting: (() => void)[] = [];
  #next = 0;
  #inFlight = 0;
  #found = 0;
  #stopped = false;
  #abort: () => void = () => {};

  constructor(nodes: NodeOperations, top: string, { maxDepth, maxNodes, signal }: WalkOptions) {
    this.#nodes = nodes;
    this.#top = top;
    this.#maxDepth = limit("maxDepth", maxDepth);
    this.#maxNodes = limit("maxNodes", maxNodes);
    this.#signal = signal;
  }

  start(): Found {
    this.#signal?.throwIfAborted();
    this.#signal?.addEventListener("abort", this.#onAbort, { once: true });
    return this.#find(this.#top, 0);
  }

  /** Throws the signal's reason, if it was aborted. */
  checkAborted(): void {
    this.#signal?.throwIfAborted();
  }

  /** Asks for nothing more, where the visit ended early. */
  stop(): void {
    this.#stopped = true;
    this.#signal?.removeEventListener("abort", this.#onAbort);
  }

  /** What was read of a node. One listener serves the whole walk: a signal's list of them is searched at each addition. */
  content({ content }: Found): Promise<Content | null> {
    this.checkAborted();
    return new Promise((resolve, reject) => {
      this.#abort = () => reject(this.#signal?.reason);
      content.then(resolve, reject);
    });
  }

  readonly #onAbort = (): void => {
    this.stop();
    this.#abort();
  };

  #find(path: string, depth: number): Found {
    if (++this.#found > this.#maxNodes) {
      throw new XenStoreError("E2BIG", `there are more than ${this.#maxNodes} nodes`, {
        operation: "walk",
        path: this.#top,
      });
    }
    const content = this.#read(path, depth);
    // The visit meets a failure when it comes to the node; until then nobody has to handle it.
    content.catch(() => {});
    return { path, depth, content };
  }

  async #read(path: string, depth: number): Promise<Content | null> {
    if (this.#inFlight >= IN_FLIGHT_MAX) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#inFlight++;
    try {
      if (this.#stopped) return null;
      const [value, children] = await Promise.all([this.#nodes.read(path), this.#nodes.list(path)]);
      const below = depth < this.#maxDepth ? children.map((name) => this.#find(childPath(path, name), depth + 1)) : [];
      return { value, children, below };
    } catch (error) {
      if (depth === 0 || !(error instanceof XenStoreError)) throw error;
      if (error.code === "ENOENT") return null;
      if (error.code === "EACCES") return { value: null, children: [], below: [] };
      throw error;
    } finally {
      this.#release();
    }
  }

  #release(): void {
    const next = this.#waiting[this.#next];
    if (next === undefined) {
      this.#inFlight--;
      return;
    }
    this.#next++;
    next();
  }
}

function limit(name: string, value: number | undefined): number {
  if (value === undefined) return Infinity;
  if (Number.isInteger(value) && value >= 0) return value;
  throw new RangeError(`${name} is ${value}: expected a whole number from 0`);
}
