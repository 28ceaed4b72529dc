// The old trees that open transactions of guests keep in memory, and how much of that is allowed.

import { Permissions } from "../tree/permissions.ts";
import { emptyTop } from "../tree/store_node.ts";
import { View } from "../tree/tree.ts";
import type { Connection } from "./domains.ts";
import { Transaction } from "./transaction.ts";

/** The default of {@linkcode Pins}, in bytes. */
const PINNED_MAX = 16 << 20;
/** So many requests are replayed here for one change: the change of another client must not take longer. */
const REPLAYED_MAX = 256;

/**
 * The open transactions of guests, oldest first. Each keeps all nodes that were replaced since it started: when those
 * take too much memory, the transaction moves to the current tree or, if one of its replies would be different there,
 * expires.
 */
export class Pins {
  readonly #view: View;
  readonly #max: number;
  readonly #open = new Map<Transaction, Connection>();

  /** Allows transactions to keep `max` bytes that were replaced in a tree. */
  constructor(view: View, max: number = PINNED_MAX) {
    this.#view = view;
    this.#max = max;
  }

  /** Adds a transaction of a guest, which has just started. */
  add(connection: Connection, transaction: Transaction): void {
    this.#open.set(transaction, connection);
  }

  /** Removes a transaction that has ended. */
  delete(transaction: Transaction): void {
    this.#open.delete(transaction);
  }

  /** Lets go of old trees that take too much memory. To be called after each change of the tree. */
  check(): void {
    let rest = REPLAYED_MAX;
    for (const [transaction, connection] of this.#open) {
      if (this.#view.replaced - transaction.startedAt <= this.#max) return;
      const { length } = transaction.exchanges;
      const isShort = length <= REPLAYED_MAX;
      // The next change goes on with this transaction.
      if (isShort && length > rest) return;
      if (isShort) rest -= length + 1;
      this.#open.delete(transaction);
      const moved = isShort ? transaction.replay(this.#view) : null;
      if (moved === null) expire(connection, transaction);
      else {
        moved.takeRecord(transaction);
        connection.transactions.set(moved.id, moved);
        this.#open.set(moved, connection);
      }
    }
  }
}

/** Replaces a transaction by one that keeps nothing but the id, and that can only end. */
function expire({ transactions }: Connection, transaction: Transaction): void {
  const { id, payer, bytes } = transaction;
  const nothing = new View(emptyTop(new Permissions([OWNER])), { last: 0 });
  const expired = new Transaction(id, nothing, payer);
  expired.expired = true;
  transactions.set(id, expired);
  payer.bytes -= bytes;
}

const OWNER = { domid: 0, rights: 0, ignored: false } as const;
