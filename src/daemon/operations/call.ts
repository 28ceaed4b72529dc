// A request that is being answered, and the functions that answer it.

import type { Connection } from "../state/domains.ts";
import type { WorkingTree } from "../state/draft.ts";
import type { Failure } from "../state/failure.ts";
import type { Store } from "../state/store.ts";
import type { Transaction } from "../state/transaction.ts";
import type { View } from "../tree/tree.ts";

/** A request that is being answered. */
export interface Call {
  readonly store: Store;
  readonly connection: Connection;
  /** The transaction that the request belongs to. */
  readonly transaction: Transaction | null;
  /**
   * The tree that the request sees: the fork that it changes, the fork of its transaction, or the tree of the store.
   */
  readonly view: View;
  /** The payload, with a character for each byte. */
  readonly text: string;
  /** The payload as it was received; null if the request is replayed. */
  readonly payload: Uint8Array | null;
  /** Runs after the reply is queued. */
  trailing: (() => void) | null;
}

/** The payload of a reply, with a character for each byte, or the reason of an ERROR reply. */
export type Answer = string | Failure;

/** Answers an operation that changes no nodes. */
export type Handler = (call: Call) => Answer;

/** Answers an operation that changes nodes, all of them on `working`. */
export type WriteHandler = (call: Call, working: WorkingTree) => Answer;

/** The reply of most operations that change something. */
export const OK = "OK\0";
