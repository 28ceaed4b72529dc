// One transaction: a tree of its own, and what it asked and was told.

import type { Permissions } from "../tree/permissions.ts";
import type { StoreNode, View } from "../tree/tree.ts";

/** Bytes that a request which a transaction remembers, or a change, takes beside its text: about so many. */
export const OVERHEAD = 96;

/** How a transaction has to do with one path. */
export interface Access {
  /** The node's permissions when it was first met; null where there was none. */
  readonly permissions: Permissions | null;
  /** Whose watches are to be told of the path when the transaction is committed: none, those of it, those above it too. */
  fires: "none" | "exact" | "subtree";
}

/** A request of a transaction, and its answer. */
export interface Exchange {
  readonly type: number;
  /** What was asked, a character for each byte. */
  readonly request: string;
  /** What was answered, with the reply's type before it. */
  readonly answer: string;
}

/** A transaction. It sees the tree as it was when it started, and its own changes. */
export class Transaction {
  /** What it is called by on its connection. */
  readonly id: number;
  /** The top of the tree when it started. */
  readonly base: StoreNode;
  /** The tree as it sees it. */
  readonly view: View;
  /** The paths that it had to do with, in the order in which it met them. */
  readonly accesses: Map<string, Access> = new Map();
  /** All that it asked and was told. */
  readonly exchanges: Exchange[] = [];
  /** Bytes of those. */
  bytes = 0;
  /** Whether it made a node. */
  created = false;
  /** Whether it went over a quota with half of an operation done: then it cannot be committed. */
  failed = false;

  /** Starts a transaction with the tree of a view. */
  constructor(id: number, live: View) {
    this.id = id;
    this.view = live.fork();
    this.base = this.view.top;
  }

  /** Whether it changed anything. */
  get changed(): boolean {
    return this.view.changes.length > 0;
  }
}
