// Which transactions a connection has open, by what either store calls them.

import { Operation as Op } from "../../../src/wire/operations.ts";
import type { Answer } from "./answers.ts";
import type { Request } from "./steps.ts";

/** What either store calls a transaction. */
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
  /** Something was changed since it started: from here on the stores differ in what it sees, and it can only be given up. */
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
  /** Those that would be open after what was sent last. */
  #predicted: Open[] = [];
  #next: Ids;

  /** `nextReal` is what the real store calls the next one. */
  constructor(nextReal: number) {
    this.#next = { real: nextReal, ours: 1 };
  }

  /** What the real store calls the next one. */
  get nextReal(): number {
    return this.#next.real;
  }

  /** Something is changed that they do not see. */
  missChange(): void {
    for (const open of this.#open) open.isStale = true;
  }

  /**
   * What to send in place of requests that go in one write: those of a transaction that misses a change give it up. Says
   * before each that changes something for others.
   */
  resolve(requests: readonly Request[], onChange: () => void): Resolved[] {
    const [open, next] = [this.#open, this.#next];
    this.#open = [...open];
    const resolved = requests.map((request) => this.#resolve(request, onChange));
    // Whether they are open or not, the replies tell.
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

  /** Learns from the replies to what was sent. */
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
        // The C daemon may have removed a part of it in the transaction.
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
