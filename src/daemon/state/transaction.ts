// A transaction: a fork of the tree, the paths that it accessed, and the requests that it was asked.

import { nodesBelow } from "../tree/listing.ts";
import type { Permissions } from "../tree/permissions.ts";
import type { Quotas } from "../tree/quotas.ts";
import type { StoreNode } from "../tree/store_node.ts";
import type { View } from "../tree/tree.ts";
import type { WorkingTree } from "./draft.ts";
import { fail, type Failure } from "./failure.ts";

/** About how many bytes a recorded request, or a change, takes in addition to its text. */
export const OVERHEAD = 96;

/**
 * How many bytes a request is charged for each further path that it accesses, and for each further level of what it
 * changes. Each level is made anew by the request, and again by its replay: so the work of a commit is bounded like its
 * memory.
 */
export const LEVEL = 64;
/** So many accessed paths and levels of a request are covered by {@linkcode OVERHEAD}. */
export const LEVELS_FREE = 8;

/** How a transaction accessed one path. */
export interface Access {
  /** The permissions of the node at the first access; null if the node did not exist. */
  readonly permissions: Permissions | null;
  /**
   * The watches that a commit fires for this path: none, those of the path itself, or also those of the paths above it.
   */
  fires: "none" | "exact" | "subtree";
}

/** A request of a transaction and its answer, both with a character for each byte. */
export interface Exchange {
  /** The payload of the request. */
  readonly request: string;
  /** The answer, as the dispatcher records it. */
  readonly answer: string;
  /** The bytes that the payer was charged for the request. */
  readonly bytes: number;
  /** Repeats the request in another transaction. Returns whether the answer is the same. */
  replay(transaction: Transaction): boolean;
}

/** The domain that a transaction is charged to. */
export interface Payer {
  readonly privileged: boolean;
  readonly quotas: Quotas;
  /** The bytes that its watches and transactions take. */
  bytes: number;
}

/** A transaction. It sees the tree as it was when the transaction started, and its own changes. */
export class Transaction implements WorkingTree {
  /** The id that the connection uses for it. */
  readonly id: number;
  /** The top of the tree when the transaction started. */
  readonly base: StoreNode;
  readonly view: View;
  /** The domain whose quota limits the accesses. */
  readonly payer: Payer;
  /** The accessed paths, in the order of their first accesses. */
  readonly accesses: Map<string, Access> = new Map();
  /** All requests so far. */
  readonly exchanges: Exchange[] = [];
  /** How much the store's tree had replaced when the transaction started; see {@linkcode View.replaced}. */
  readonly startedAt: number;
  /** The bytes that the payer is charged for exchanges, accesses and changes. */
  bytes = 0;
  /** Whether the transaction made a node. */
  created = false;
  /** Whether a quota was exceeded: then the transaction cannot be committed, and records no more requests. */
  failed = false;

  /** Whether the transaction has lost its tree: its requests and its commit fail with EAGAIN. */
  expired = false;

  /** Starts on a fork of the current tree. */
  constructor(id: number, live: View, payer: Payer) {
    this.id = id;
    this.view = live.fork();
    this.startedAt = live.replaced;
    this.base = this.view.top;
    this.payer = payer;
  }

  /** Whether the transaction changed anything. */
  get hasChanges(): boolean {
    return this.view.changes.length > 0;
  }

  /** Replays the transaction on another tree. Returns null if an answer differs, or if the transaction has failed. */
  replay(live: View): Transaction | null {
    if (this.failed) return null;
    const again = new Transaction(this.id, live, this.payer);
    for (const exchange of this.exchanges) if (!exchange.replay(again)) return null;
    return again.failed ? null : again;
  }

  /** Takes over the requests of the transaction that this one replayed, and what they were charged. */
  takeRecord({ exchanges, bytes }: Transaction): void {
    for (const exchange of exchanges) this.exchanges.push(exchange);
    this.bytes = bytes;
  }

  /** Returns whether the payer has memory for this many bytes more. If not, the transaction has failed. */
  affords(bytes: number): boolean {
    const { payer } = this;
    if (payer.privileged || !payer.quotas.exceeds("memory", payer.bytes + bytes)) return true;
    this.failed = true;
    return false;
  }

  /** Charges the payer for bytes that the transaction keeps until its end. */
  charge(bytes: number): void {
    this.bytes += bytes;
    this.payer.bytes += bytes;
  }

  /** Records the access of a path. Fails with ENOSPC if that is one path more than a guest may access. */
  meet(path: string, node: StoreNode | undefined): Failure | null {
    const { accesses, payer } = this;
    if (accesses.has(path)) return null;
    if (!payer.privileged && payer.quotas.exceeds("transaction-nodes", accesses.size + 1)) {
      this.failed = true;
      return fail.ENOSPC;
    }
    accesses.set(path, { permissions: node?.permissions ?? null, fires: "none" });
    return null;
  }

  changed(path: string): void {
    this.#fires(path, "subtree");
  }

  removed(path: string, node: StoreNode): Failure | null {
    this.#fires(path, "subtree");
    const failure = this.#removed(path, node);
    if (failure !== null) return failure;
    for (const below of nodesBelow(node, path)) {
      const failure = this.#removed(below.path, below.node);
      if (failure !== null) return failure;
    }
    return null;
  }

  #removed(path: string, node: StoreNode): Failure | null {
    const failure = this.meet(path, node);
    if (failure === null) this.#fires(path, "exact");
    return failure;
  }

  #fires(path: string, fires: "exact" | "subtree"): void {
    const access = this.accesses.get(path);
    if (access !== undefined && access.fires !== "subtree") access.fires = fires;
  }
}
