// Visits a tree, with the requests of a whole level in flight concurrently.

import { ConnectionError } from "../transport/errors.ts";
import { NODE_ERRORS } from "../wire/errno.ts";
import { InvalidPathError, XenStoreError } from "../wire/errors.ts";
import { checkedWhole, checkOptions, type OptionNames } from "../wire/checks.ts";
import type { Progress } from "../events/progress.ts";
import { childPath } from "../wire/path.ts";
import type { SharedSignals } from "./abort.ts";

/** The options of a walk. */
export interface WalkOptions {
  /**
   * Whether a node comes before the nodes below it, or after them.
   *
   * @default true
   */
  readonly topDown?: boolean;
  /**
   * How many levels below the top are visited, from 0.
   *
   * @default all levels
   */
  readonly maxDepth?: number;
  /**
   * The largest number of nodes that the walk may find, from 1; one more fails with E2BIG. Bound the walk of a guest's
   * tree.
   *
   * @default no bound
   */
  readonly maxNodes?: number;
  /**
   * Ends the walk, with the signal's reason.
   *
   * @default undefined
   */
  readonly signal?: AbortSignal | undefined;
}

const WALK_OPTIONS: OptionNames<WalkOptions> = { topDown: true, maxDepth: true, maxNodes: true, signal: true };

/** A node on a walk. */
export interface WalkNode {
  /** The path of the node. */
  readonly path: string;
  /** The number of levels below the top, which is at 0. */
  readonly depth: number;
  /** The value; `null` if the store does not let this client read or list the node. */
  readonly value: Uint8Array | null;
  /** The names of the children, also of those below `maxDepth`. Empty if the value is `null`. */
  readonly children: readonly string[];
}

/** The nodes of a tree, one after the other. */
export type Walk = AsyncGenerator<WalkNode, void, undefined>;

/** How a walk reads from the store. */
export interface WalkReader {
  /** Reads a node's value. */
  read(path: string): Promise<Uint8Array>;
  /** Lists the names of a node's children. */
  list(path: string): Promise<string[]>;
}

/** What a walk needs beside its reader. */
export interface WalkContext {
  /** The signals of all waits of the client. */
  readonly signals: SharedSignals;
  /** Reports how many of the nodes that were found are visited; `null` if nothing listens. */
  readonly progress: Progress | null;
}

/**
 * The largest number of nodes whose requests are in flight, which bounds the load of a walk on the store. A walk with
 * four times as many takes longer.
 */
const IN_FLIGHT_MAX = 1024;

/** A node that the walk has found, and the result of reading it. */
interface Found {
  readonly path: string;
  readonly depth: number;
  result: { readonly content: Content | null } | { readonly error: unknown } | null;
  /** Called with the result, if the visit waits for it. */
  settled: () => void;
}

interface Content {
  readonly value: Uint8Array | null;
  readonly children: readonly string[];
  readonly below: readonly Found[];
}

const nothing = () => {};

/**
 * Visits `top` and everything below it. A node that vanishes before it is read is left out, and a node that the store
 * does not read or list for this client has the value `null`. Only the top fails the walk.
 */
export function walk(reader: WalkReader, top: string, options: WalkOptions, context: WalkContext): Walk {
  checkOptions("walk", options, WALK_OPTIONS);
  return walkFrom(reader, top, options, context);
}

async function* walkFrom(
  reader: WalkReader,
  top: string,
  options: WalkOptions,
  { signals, progress }: WalkContext,
): Walk {
  const fetcher = new Fetcher(reader, top, options, signals);
  try {
    yield* visit(fetcher, options.topDown ?? true, progress);
    progress?.done();
  } finally {
    // After done(), or if the loop was left or failed.
    progress?.fail();
    fetcher.stop();
  }
}

/** A stack, not recursion: the depth of a tree is up to whoever wrote it. */
async function* visit(fetcher: Fetcher, topDown: boolean, progress: Progress | null): Walk {
  let visited = 0;
  const stack: (Found | WalkNode)[] = [fetcher.start()];
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    fetcher.checkAborted();
    if (!("result" in at)) {
      yield at;
      progress?.advance(++visited, fetcher.found);
      continue;
    }
    const content = at.result === null ? await fetcher.content(at) : contentOf(at);
    if (content === null) continue;
    const { value, children, below } = content;
    const node: WalkNode = { path: at.path, depth: at.depth, value, children };
    if (!topDown) stack.push(node);
    for (const found of below.toReversed()) stack.push(found);
    if (!topDown) continue;
    yield node;
    progress?.advance(++visited, fetcher.found);
  }
}

/** Reads nodes, level by level, ahead of the visit. */
class Fetcher {
  readonly #reader: WalkReader;
  readonly #top: string;
  readonly #maxDepth: number;
  readonly #maxNodes: number;
  readonly #signal: AbortSignal | undefined;
  /** What was found; the first `#started` of it was asked for. */
  #queue: Found[] = [];
  #started = 0;
  #inFlight = 0;
  #found = 0;
  #stopped = false;
  readonly #signals: SharedSignals;
  /** Takes the signal's listener away. */
  #release = nothing;
  #abort = nothing;

  constructor(
    reader: WalkReader,
    top: string,
    { maxDepth, maxNodes, signal }: WalkOptions,
    signals: SharedSignals,
  ) {
    this.#reader = reader;
    this.#top = top;
    this.#maxDepth = limit("maxDepth", maxDepth);
    this.#maxNodes = limit("maxNodes", maxNodes);
    this.#signal = signal;
    this.#signals = signals;
  }

  /** The number of nodes that were found. */
  get found(): number {
    return this.#found;
  }

  start(): Found {
    this.checkAborted();
    if (this.#signal !== undefined) this.#release = this.#signals.add(this.#signal, this.#onAbort);
    const [top] = this.#find([this.#top], 0);
    if (top === undefined) throw new Error("unreachable: one path makes one node");
    this.#ask();
    return top;
  }

  /** Throws the signal's reason, if it was aborted. */
  checkAborted(): void {
    this.#signal?.throwIfAborted();
  }

  /** Requests nothing more, after the visit ended early. */
  stop(): void {
    this.#stopped = true;
    this.#release();
  }

  /** Waits for what is read of a node. One listener of the signal serves the whole walk. */
  content(found: Found): Promise<Content | null> {
    return new Promise((resolve, reject) => {
      this.#abort = () => reject(this.#signal?.reason);
      found.settled = () => {
        try {
          resolve(contentOf(found));
        } catch (error) {
          reject(error);
        }
      };
    });
  }

  readonly #onAbort = (): void => {
    this.stop();
    this.#abort();
  };

  #find(paths: readonly string[], depth: number): Found[] {
    this.#found += paths.length;
    if (this.#found > this.#maxNodes) {
      throw new XenStoreError("E2BIG", `there are more than ${this.#maxNodes} nodes`, {
        operation: "walk",
        path: this.#top,
      });
    }
    const found = paths.map((path): Found => ({ path, depth, result: null, settled: nothing }));
    for (const one of found) this.#queue.push(one);
    return found;
  }

  /** Asks for as much as may be under way. */
  #ask(): void {
    while (this.#inFlight < IN_FLIGHT_MAX && !this.#stopped) {
      const found = this.#queue[this.#started];
      if (found === undefined) {
        this.#queue = [];
        this.#started = 0;
        return;
      }
      this.#started++;
      this.#inFlight++;
      this.#read(found);
    }
  }

  // Two plain callbacks a node: an async function, or Promise.all, would cost more than the requests themselves.
  #read(found: Found): void {
    const { path } = found;
    let value: Uint8Array | undefined;
    let children: readonly string[] | undefined;
    const both = () => {
      if (value !== undefined && children !== undefined) this.#done(found, value, children);
    };
    const fail = (error: unknown) => this.#failed(found, error);
    this.#reader.read(path).then((read) => (value = read, both()), fail);
    this.#reader.list(path).then((listed) => (children = listed, both()), fail);
  }

  #done(found: Found, value: Uint8Array, children: readonly string[]): void {
    const { path, depth } = found;
    try {
      const paths = depth < this.#maxDepth ? children.map((name) => childPath(path, name)) : [];
      const below = this.#find(paths, depth + 1);
      this.#settle(found, { content: { value, children, below } });
    } catch (error) {
      this.#settle(found, { error });
    }
  }

  #failed(found: Found, error: unknown): void {
    // The second of the two requests; the first has said it all.
    if (found.result !== null) return;
    // The top is the caller's own choice, and the end of the connection concerns every node.
    const isRefusal = found.depth > 0 && error instanceof XenStoreError && !(error instanceof ConnectionError);
    if (isRefusal && error.code === "ENOENT") this.#settle(found, { content: null });
    else if (isRefusal && isOfOneNode(error)) {
      this.#settle(found, { content: { value: null, children: [], below: [] } });
    } else this.#settle(found, { error });
  }

  #settle(found: Found, result: NonNullable<Found["result"]>): void {
    found.result = result;
    this.#inFlight--;
    this.#ask();
    found.settled();
  }
}

/** Tells whether an error is about the node of the request alone: a walk goes on with the next node. */
function isOfOneNode(error: XenStoreError): boolean {
  // A store may hold nodes whose paths are too long to be asked for.
  return error instanceof InvalidPathError || NODE_ERRORS.some((code) => code === error.code);
}

function contentOf({ result }: Found): Content | null {
  if (result === null) throw new Error("unreachable: a node is visited when it has been read");
  if ("error" in result) throw result.error;
  return result.content;
}

function limit(name: string, value: number | undefined): number {
  return value === undefined ? Infinity : checkedWhole(name, value, 0);
}
