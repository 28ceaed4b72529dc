// Reads the nodes of a walk, ahead of the visit.

import { ConnectionError } from "../transport/errors.ts";
import { NODE_ERRORS } from "../wire/errno.ts";
import { InvalidPathError, XenStoreError } from "../wire/errors.ts";
import { Fifo } from "../wire/fifo.ts";
import { childPath } from "../wire/path.ts";
import { TransactionEndedError } from "./errors.ts";
import type { ReplyHandler } from "./request.ts";
import type { WalkNode } from "./walk_node.ts";
import type { NodeReply, WalkReader } from "./walk_reader.ts";

/** The largest number of nodes whose requests are in flight, which bounds the load of a walk on the store. */
const IN_FLIGHT_MAX = 1024;
/** With more nodes in flight, further ones wait, so that the requests of many nodes leave in one write. */
const REFILL_AT = IN_FLIGHT_MAX - 16;

const NONE: readonly FoundNode[] = [];
const nothing = () => {};

/**
 * A node that the walk has found. It takes the replies of its two requests itself: a promise, or a pair of functions,
 * for each request would cost more than the requests.
 */
export class FoundNode implements ReplyHandler<NodeReply> {
  readonly path: string;
  readonly depth: number;
  readonly #fetcher: Fetcher;
  #value: Uint8Array | null = null;
  #children: readonly string[] | null = null;
  #below: readonly FoundNode[] = NONE;
  #isSettled = false;
  #failure: { readonly error: unknown } | null = null;

  constructor(fetcher: Fetcher, path: string, depth: number) {
    this.#fetcher = fetcher;
    this.path = path;
    this.depth = depth;
  }

  /** Whether the result is known. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** The nodes below this one, in the store's order, as far as the walk visits them. */
  get below(): readonly FoundNode[] {
    return this.#below;
  }

  /** Returns the node; `null` if it vanished. Throws if it could not be read for a reason that ends the walk. */
  result(): WalkNode | null {
    if (this.#failure !== null) throw this.#failure.error;
    if (this.#children === null) return null;
    return { path: this.path, depth: this.depth, value: this.#value, children: this.#children };
  }

  /** Takes the value, or the names of the children. */
  resolve(reply: NodeReply): void {
    if (this.#isSettled) return;
    if (Array.isArray(reply)) this.#children = reply;
    else this.#value = reply;
    if (this.#value !== null && this.#children !== null) this.#fetcher.read(this, this.#children);
  }

  /** Takes the error of a request. The second one says nothing new. */
  reject(error: unknown): void {
    if (!this.#isSettled) this.#fetcher.failed(this, error);
  }

  /** Notes that the node was read. */
  succeed(below: readonly FoundNode[]): void {
    this.#below = below;
    this.#isSettled = true;
  }

  /** Notes that the node has vanished. */
  vanish(): void {
    this.#children = null;
    this.#isSettled = true;
  }

  /** Notes that the store does not let this client read or list the node. */
  refuse(): void {
    this.#value = null;
    this.#children = [];
    this.#isSettled = true;
  }

  /** Notes an error that ends the walk. */
  fail(error: unknown): void {
    this.#failure = { error };
    this.#isSettled = true;
  }
}

/**
 * Reads nodes ahead of the visit. The deepest nodes come first, since the visit reaches them first: then few results
 * wait, and most are garbage before a collection of the heap would have to move them.
 */
export class Fetcher {
  /** Resolves when no request is in flight, and none follows. Rejects then if the top could not be read. */
  readonly done: Promise<void>;
  readonly #reader: WalkReader;
  readonly #top: string;
  readonly #maxDepth: number;
  readonly #maxNodes: number;
  readonly #waiting = new WaitingNodes();
  #found = 0;
  #inFlight = 0;
  #isAsking = false;
  #isStopped = false;
  #awaited: FoundNode | null = null;
  #topFailure: { readonly error: unknown } | null = null;
  #wake = nothing;
  #end = nothing;

  constructor(reader: WalkReader, top: string, maxDepth: number, maxNodes: number) {
    this.#reader = reader;
    this.#top = top;
    this.#maxDepth = maxDepth;
    this.#maxNodes = maxNodes;
    this.done = new Promise((resolve, reject) => {
      this.#end = () => this.#topFailure === null ? resolve() : reject(this.#topFailure.error);
    });
    // The visit reports the error.
    this.done.catch(nothing);
  }

  /** The number of nodes that were found. */
  get found(): number {
    return this.#found;
  }

  /** Requests the top, and from then on whatever is found below it. */
  start(): FoundNode {
    this.#count(1);
    const top = new FoundNode(this, this.#top, 0);
    this.#waiting.add(top);
    this.#ask();
    return top;
  }

  /** Requests nothing more. Ends the wait for a node. */
  stop(): void {
    this.#isStopped = true;
    this.#wake();
    if (this.#inFlight === 0) this.#end();
  }

  /** Waits until the result of a node is known, or until stop(). One wait at a time. */
  settled(node: FoundNode): Promise<void> {
    return new Promise((resolve) => {
      this.#awaited = node;
      this.#wake = resolve;
    });
  }

  /** Takes a node whose two replies arrived. */
  read(node: FoundNode, children: readonly string[]): void {
    try {
      node.succeed(node.depth < this.#maxDepth ? this.#find(node, children) : NONE);
    } catch (error) {
      node.fail(error);
    }
    this.#settle(node);
  }

  /** Takes the error of one of a node's requests. */
  failed(node: FoundNode, error: unknown): void {
    const again = this.#reader.listAgain(node.path, error);
    if (again === null) return this.#endWith(node, error);
    // What fails the list in parts is final: it may be the very error that asked for the parts.
    void again.then((names) => node.resolve(names), (failure) => {
      if (!node.isSettled) this.#endWith(node, failure);
    });
  }

  #endWith(node: FoundNode, error: unknown): void {
    // The top is the caller's own choice, and the end of the connection or the transaction concerns every node.
    const isOfAll = error instanceof ConnectionError || error instanceof TransactionEndedError;
    const isRefusal = node.depth > 0 && error instanceof XenStoreError && !isOfAll;
    if (isRefusal && error.code === "ENOENT") node.vanish();
    else if (isRefusal && isOfOneNode(error)) node.refuse();
    else {
      if (node.depth === 0) this.#topFailure = { error };
      node.fail(error);
    }
    this.#settle(node);
  }

  #find(parent: FoundNode, names: readonly string[]): readonly FoundNode[] {
    if (names.length === 0) return NONE;
    this.#count(names.length);
    const found = names.map((name) => new FoundNode(this, childPath(parent.path, name), parent.depth + 1));
    for (const node of found) this.#waiting.add(node);
    return found;
  }

  #count(more: number): void {
    this.#found += more;
    if (this.#found <= this.#maxNodes) return;
    const context = { operation: "walk", path: this.#top };
    throw new XenStoreError("E2BIG", `there are more than ${this.#maxNodes} nodes`, context);
  }

  /** Asks for as much as may be under way. */
  #ask(): void {
    // A request that cannot be sent settles its node within the loop.
    if (this.#isAsking || this.#inFlight > REFILL_AT) return;
    this.#isAsking = true;
    while (this.#inFlight < IN_FLIGHT_MAX && !this.#isStopped) {
      const node = this.#waiting.take();
      if (node === undefined) break;
      this.#inFlight++;
      try {
        this.#reader.read(node.path, node);
      } catch (error) {
        node.reject(error);
      }
    }
    this.#isAsking = false;
  }

  #settle(node: FoundNode): void {
    this.#inFlight--;
    this.#ask();
    if (node === this.#awaited) this.#wake();
    if (this.#inFlight === 0 && !this.#isAsking) this.#end();
  }
}

/** The nodes that were not requested yet, each level in the order of the visit, and the deepest level first. */
class WaitingNodes {
  readonly #levels: Fifo<FoundNode>[] = [];
  #length = 0;
  /** No node waits below this level. */
  #deepest = 0;

  add(node: FoundNode): void {
    const level = this.#levels[node.depth] ??= new Fifo();
    level.push(node);
    this.#length++;
    this.#deepest = Math.max(this.#deepest, node.depth);
  }

  take(): FoundNode | undefined {
    if (this.#length === 0) return undefined;
    this.#length--;
    while ((this.#levels[this.#deepest]?.length ?? 0) === 0) this.#deepest--;
    return this.#levels[this.#deepest]?.shift();
  }
}

/** Tells whether an error is about the node of the request alone: a walk goes on with the next node. */
function isOfOneNode(error: XenStoreError): boolean {
  // A store may hold nodes whose paths are too long to be asked for.
  return error instanceof InvalidPathError || NODE_ERRORS.some((code) => code === error.code);
}
