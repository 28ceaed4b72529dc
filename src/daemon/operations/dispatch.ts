// Dispatches requests: finds the rule of the operation, calls its handler, publishes the change, queues the reply.

import { type Packet, PAYLOAD_MAX } from "../../wire/header.ts";
import { Operation } from "../../wire/operations.ts";
import type { Connection } from "../state/domains.ts";
import type { WorkingTree } from "../state/draft.ts";
import { fail, Failure } from "../state/failure.ts";
import type { Store } from "../state/store.ts";
import { type Exchange, LEVEL, LEVELS_FREE, OVERHEAD, type Transaction } from "../state/transaction.ts";
import { fromBytes } from "../tree/latin1.ts";
import type { Change } from "../tree/changes.ts";
import type { View } from "../tree/tree.ts";
import type { Answer, Call } from "./call.ts";
import { type NodeRule, rules } from "./table.ts";

/**
 * Answers one request: queues the reply, and the events that the request causes, in the outboxes of the connections
 * concerned.
 *
 * @returns The answer that was queued.
 */
export function handle(store: Store, connection: Connection, packet: Packet): Answer {
  const { type, requestId, transactionId, payload } = packet;
  const call = new Request(store, connection, fromBytes(payload), payload);
  const { events, log } = store;
  events.causedBy(connection);
  const answer = dispatch(call, type, transactionId);
  events.causedBy(null);
  const replyType = answer instanceof Failure ? Operation.ERROR : type;
  const body = answer instanceof Failure ? `${answer.code}\0` : answer;
  connection.outbox.reply(replyType, requestId, transactionId, body);
  call.trailing?.();
  if (log.enabled) log.exchange(connection, type, call.text, replyType, body);
  return answer;
}

/** A request on its way to its handler. */
class Request implements Call {
  readonly store: Store;
  readonly connection: Connection;
  readonly text: string;
  readonly payload: Uint8Array | null;
  transaction: Transaction | null = null;
  view: View;
  trailing: (() => void) | null = null;

  constructor(store: Store, connection: Connection, text: string, payload: Uint8Array | null) {
    this.store = store;
    this.connection = connection;
    this.text = text;
    this.payload = payload;
    this.view = store.view;
  }
}

function dispatch(call: Request, type: number, transactionId: number): Answer {
  const { store, connection } = call;
  const rule = rules[type];
  if (rule === undefined) return fail.ENOSYS;
  if (rule.kind === "privileged" && !connection.privileged) return fail.EACCES;
  if (transactionId !== 0 && rule.kind !== "outside") {
    const transaction = connection.transactions.get(transactionId);
    if (transaction === undefined) return fail.ENOENT;
    if (transaction.expired && rule.kind !== "any") return fail.EAGAIN;
    call.transaction = transaction;
    call.view = transaction.view;
    if (rule.kind === "read" || rule.kind === "write") return record(rule, call, transaction);
  }
  if (rule.kind !== "write") return fitting(rule.handler(call));
  const draft = store.draft();
  call.view = draft.view;
  const answer = answerOf(rule, call, draft);
  if (answer instanceof Failure || draft.view.changes.length === 0) return answer;
  store.charge(connection.domain);
  return store.tryPublish(draft) ?? answer;
}

/**
 * Answers a request of a transaction, and records the exchange, which is charged to the guest. A guest without memory
 * for the request is refused before anything is stored (XSA-326). A transaction that failed is never replayed: it
 * answers as before, but records no exchange and no change.
 */
function record(rule: NodeRule, call: Request, transaction: Transaction): Answer {
  const { store, connection, text, view: { changes } } = call;
  if (!transaction.affords(text.length + OVERHEAD)) return fail.ENOMEM;
  const changed = changes.length;
  const accessed = transaction.accesses.size;
  const answer = answerOf(rule, call, transaction);
  const made = changes.length - changed;
  const grown = OVERHEAD * made + LEVEL * beyond(transaction.accesses.size - accessed) +
    LEVEL * (made > 0 ? beyond(levelsOf(changes.at(-1))) : 0);
  const answered = recorded(answer);
  const bytes = text.length + answered.length + OVERHEAD + grown;
  const affordable = transaction.failed || transaction.affords(bytes);
  if (transaction.failed) {
    changes.length = changed;
    // The transaction still holds the paths that it accessed, and its tree what a change put there.
    if (made > 0 || transaction.accesses.size > accessed) transaction.charge(text.length + grown);
    return affordable ? answer : fail.ENOMEM;
  }
  transaction.exchanges.push(new RecordedExchange(rule, store, connection, text, answered, bytes));
  transaction.charge(bytes);
  return answer;
}

/** How many of so many levels are charged. */
function beyond(levels: number): number {
  return Math.max(0, levels - LEVELS_FREE);
}

/** The number of names in the path of a change. */
function levelsOf(change: Change | undefined): number {
  return change !== undefined && "path" in change ? change.path.split("/").length - 1 : 0;
}

/** An exchange of a transaction. */
class RecordedExchange implements Exchange {
  readonly request: string;
  readonly answer: string;
  readonly bytes: number;
  readonly #rule: NodeRule;
  readonly #store: Store;
  readonly #connection: Connection;

  constructor(
    rule: NodeRule,
    store: Store,
    connection: Connection,
    request: string,
    answer: string,
    bytes: number,
  ) {
    this.#rule = rule;
    this.#store = store;
    this.#connection = connection;
    this.request = request;
    this.answer = answer;
    this.bytes = bytes;
  }

  replay(transaction: Transaction): boolean {
    const call = new Request(this.#store, this.#connection, this.request, null);
    call.transaction = transaction;
    call.view = transaction.view;
    const answer = recorded(answerOf(this.#rule, call, transaction));
    return this.answer === answer || (this.#rule.isSame?.(this.answer, answer) ?? false);
  }
}

/** Calls the handler of an operation on nodes. */
function answerOf(rule: NodeRule, call: Call, working: WorkingTree): Answer {
  return fitting(rule.kind === "write" ? rule.handler(call, working) : rule.handler(call));
}

/** The answer itself, or E2BIG if it does not fit a message (XSA-72). */
function fitting(answer: Answer): Answer {
  return typeof answer === "string" && answer.length > PAYLOAD_MAX ? fail.E2BIG : answer;
}

/** An answer as a transaction records it, so that no failure equals a payload. */
function recorded(answer: Answer): string {
  return answer instanceof Failure ? `!${answer.code}` : `=${answer}`;
}
