// The open transactions of a connection, with their ids in both stores.

import { Operation as Op } from "../../../src/wire/operations.ts";
import type { Answer } from "./answers.ts";
import type { Request } from "./steps.ts";

/** The ids of a transaction in both stores. */
export interface Ids {
  readonly real: number;
  readonly ours: number;
}

/** A request as it is sent. */
export interface Resolved {
  readonly request: Request;
  readonly ids: Ids;
}

interface Open {
  readonly ids: Ids;
  /** Something changed since the start: the stores differ in what the transaction sees. It must be rolled back. */
  isStale: boolean;
}

/** No transaction. */
export const NONE: Ids = { real: 0, ours: 0 };
/** The operations that change nodes. */
export const CHANGES: readonly number[] = [Op.WRITE, Op.MKDIR, Op.RM, Op.SET_PERMS];

function isEnd({ type, text }: Request): boolean {
  return type === Op.TRANSACTION_END && (text === "T\0" || text === "F\0");
}

/** The transactions of one connection. */
export class OpenTransactions {
  #open: Open[] = [];
  /** The open transactions after the requests that were sent last. */
  #predicted: Open[] = [];
  #next: Ids;

  /** `nextReal` is the real store's next transaction id. */
  constructor(nextReal: number) {
    this.#next = { real: nextReal, ours: 1 };
  }

  /** The real store's next transaction id. */
  get nextReal(): number {
    return this.#next.real;
  }

  /** Notes a change that the open transactions do not see. */
  missChange(): void {
    for (const open of this.#open) open.isStale = true;
  }

  /**
   * The requests to send in one write. Requests of a transaction that misses a change are replaced by its rollback.
   * Calls `onChange` before each request that changes something for others.
   */
  resolve(requests: readonly Request[], onChange: () => void): Resolved[] {
    const [open, next] = [this.#open, this.#next];
    this.#open = [...open];
    const resolved = requests.map((request) => this.#resolve(request, onChange));
    // The replies tell whether the transactions are open.
    this.#predicted = this.#open;
    [this.#open, this.#next] = [open, next];
    return resolved;
  }

  #resolve(request: Request, onChange: () => void): Resolved {
    const { type, tx } = request;
    if (tx < 0) return { request, ids: { real: 1000 - tx, ours: 1000 - tx } };
    const open = tx === 0 ? undefined : this.#open[this.#open.length - 1 - (tx - 1) % this.#open.length];
    if (open === undefined) {
      if (CHANGES.includes(type)) this.#changed(onChange);
      if (type === Op.TRANSACTION_START) this.#open.push({ ids: this.#takeNext(), isStale: false });
      if (type === Op.RESET_WATCHES) this.#open = [];
      return { request: { ...request, tx: 0 }, ids: NONE };
    }
    const used = open.isStale ? { type: Op.TRANSACTION_END, text: "F\0", tx } : request;
    if (isEnd(used)) {
      this.#open = this.#open.filter((other) => other !== open);
      if (used.text === "T\0") this.#changed(onChange);
    }
    if (type === Op.RESET_WATCHES) this.#open = [];
    return { request: used, ids: open.ids };
  }

  /** Learns from the replies to the requests. */
  learn(sent: readonly Resolved[], real: readonly Answer[], ours: readonly Answer[]): void {
    for (const [i, { request, ids }] of sent.entries()) {
      const reply = real[i]?.reply;
      if (reply === null || reply === undefined) continue;
      const failed = reply.type === Op.ERROR;
      if (request.type === Op.TRANSACTION_START && !failed) {
        this.#started({ real: Number.parseInt(reply.text), ours: Number.parseInt(ours[i]?.reply?.text ?? "") });
      } else if (isEnd(request)) this.#open = this.#open.filter((open) => open.ids.real !== ids.real);
      else if (request.type === Op.RESET_WATCHES && !failed) this.#open = [];
      else if (request.type === Op.RM && reply.text === "EIO\0") {
        // The C daemon may have removed a part of the subtree in the transaction.
        for (const open of this.#open) if (open.ids.real === ids.real) open.isStale = true;
      }
    }
  }

  #started(ids: Ids): void {
    const known = this.#predicted.find((open) => open.ids.real === ids.real && open.ids.ours === ids.ours);
    this.#open.push(known ?? { ids, isStale: true });
    this.#next = { real: ids.real + 1, ours: ids.ours + 1 };
  }

  #changed(onChange: () => void): void {
    for (const open of this.#open) open.isStale = true;
    onChange();
  }

  #takeNext(): Ids {
    const ids = this.#next;
    this.#next = { real: ids.real + 1, ours: ids.ours + 1 };
    return ids;
  }
}
