// A store without connections to the outside: tables of requests and answers, and the bytes that each client receives.

import { assert, assertEquals } from "@std/assert";
import type { Connection } from "../../src/daemon/state/domains.ts";
import { handle } from "../../src/daemon/operations/dispatch.ts";
import { Failure } from "../../src/daemon/state/failure.ts";
import { toBytes } from "../../src/daemon/tree/latin1.ts";
import { Store, type StoreOptions } from "../../src/daemon/state/store.ts";
import { OVERHEAD } from "../../src/daemon/state/transaction.ts";
import type { StoreNode } from "../../src/daemon/tree/store_node.ts";
import { Decoder } from "../../src/wire/decoder.ts";
import type { Packet } from "../../src/wire/header.ts";
import { Operation, type OperationName, operationName } from "../../src/wire/operations.ts";
import { bytes, shown } from "../support/bytes.ts";
import { ManualClock } from "../support/line.ts";

/** The operation of a request: a name, or a number for an operation that may not exist. */
export type Asked = OperationName | number;

/** The sender of requests: a connection, or one of its transactions. */
export interface Asker {
  readonly name: string;
  /**
   * Sends a request. In its payload, each "|" is a NUL. Returns the payload of the reply in the same notation, or the
   * name of the error.
   */
  ask(operation: Asked, payload?: string | Uint8Array): string;
}

/** One request of a table, and the expected answer. */
export type Row = readonly [who: Asker, operation: Asked, payload: string, answer: string];

/** Sends all requests of a table in order, and checks the answers. */
export function table(...rows: Row[]): void {
  for (const [i, [who, operation, payload, answer]] of rows.entries()) {
    const text = `row ${i + 1}, ${who.name}: ${operation} ${JSON.stringify(payload.slice(0, 200))}`;
    assertEquals(`${text} -> ${who.ask(operation, payload)}`, `${text} -> ${answer}`);
  }
}

/** Does the same for one sender. */
export function tableOf(who: Asker, ...rows: (readonly [operation: Asked, payload: string, answer: string])[]): void {
  table(...rows.map((row): Row => [who, ...row]));
}

/** The client of one connection. It takes the bytes that it receives after each of its requests. */
export class Speaker implements Asker {
  readonly name: string;
  readonly connection: Connection;
  /** The payload of the last reply. */
  reply: Uint8Array = new Uint8Array(0);
  readonly #core: Store;
  readonly #decoder = new Decoder((packet) => this.#receive(packet));
  #replies: Packet[] = [];
  #events: [path: string, token: string][] = [];
  #messages: string[] = [];
  #requestId = 0xfffffff0;

  constructor(core: Store, domid: number) {
    this.#core = core;
    this.connection = core.attach(domid);
    this.name = `domain ${domid}`;
  }

  ask(operation: Asked, payload: string | Uint8Array = "", transactionId = 0): string {
    const type = typeof operation === "number" ? operation : Operation[operation];
    const requestId = this.#requestId = (this.#requestId + 1) >>> 0;
    const request = typeof payload === "string" ? bytes(payload) : payload.slice();
    const answer = handle(this.#core, this.connection, { type, requestId, transactionId, payload: request });
    // A connection reuses its buffer, too.
    request.fill(0xee);
    this.receive();
    const [reply, ...more] = this.#replies.splice(0);
    assert(reply !== undefined && more.length === 0, `${operation} got ${more.length + (reply ? 1 : 0)} replies`);
    assertEquals([reply.requestId, reply.transactionId], [requestId, transactionId]);
    this.reply = reply.payload;
    const text = shown(reply.payload);
    const returned = answer instanceof Failure
      ? ["ERROR", `${answer.code}|`]
      : [operationName(type), shown(toBytes(answer))];
    assertEquals([operationName(reply.type), text], returned);
    if (reply.type !== Operation.ERROR) {
      assertEquals(reply.type, type);
      return text;
    }
    assert(/^E[A-Z0-9]+\|$/.test(text), text);
    return text.slice(0, -1);
  }

  /** Starts a transaction. */
  begin(): Transaction {
    const id = this.ask("TRANSACTION_START", "|");
    assert(/^[1-9][0-9]*\|$/.test(id), id);
    return new Transaction(this, Number(id.slice(0, -1)));
  }

  /** Sets a watch, and takes its first event. */
  watch(path: string, token: string, depth?: number): void {
    assertEquals(this.ask("WATCH", `${path}|${token}|${depth === undefined ? "" : `${depth}|`}`), "OK|");
    assertEquals(this.events().at(-1), [path, token]);
  }

  /** The events that arrived since the last call. */
  events(): [path: string, token: string][] {
    this.receive();
    return this.#events.splice(0);
  }

  /** All messages that arrived since the last call: `"WATCH OK|"`, `"WATCH_EVENT /a|token|"`. */
  messages(): string[] {
    this.receive();
    return this.#messages.splice(0);
  }

  /** Takes the bytes of the outbox. */
  receive(): void {
    this.#decoder.push(this.connection.outbox.take());
    assert(!this.#decoder.midMessage);
  }

  #receive({ type, requestId, transactionId, payload }: Packet): void {
    this.#messages.push(`${operationName(type)} ${shown(payload)}`);
    if (type === Operation.WATCH_EVENT) {
      assertEquals([requestId, transactionId], [0, 0]);
      const [path = "", token = "", ...rest] = shown(payload).split("|");
      assertEquals(rest, [""]);
      this.#events.push([path, token]);
    } else this.#replies.push({ type, requestId, transactionId, payload: payload.slice() });
  }
}

/** A transaction that was started. */
export class Transaction implements Asker {
  readonly name: string;
  readonly id: number;
  readonly speaker: Speaker;

  constructor(speaker: Speaker, id: number) {
    this.speaker = speaker;
    this.id = id;
    this.name = `${speaker.name} in transaction ${id}`;
  }

  ask(operation: Asked, payload: string | Uint8Array = ""): string {
    return this.speaker.ask(operation, payload, this.id);
  }

  /** Commits. Returns `"OK|"` or the name of the error. */
  commit(): string {
    return this.ask("TRANSACTION_END", "T|");
  }

  /** Rolls back. */
  abort(): string {
    return this.ask("TRANSACTION_END", "F|");
  }
}

/** A store and its clients. */
export class TestStore {
  readonly clock: ManualClock = new ManualClock();
  readonly core: Store;
  /** The first connection, domain 0's. */
  readonly dom0: Speaker;
  readonly #inspector: Speaker;

  constructor(options: StoreOptions = {}) {
    this.core = new Store({ clock: this.clock, ...options });
    this.dom0 = new Speaker(this.core, 0);
    this.#inspector = new Speaker(this.core, 0);
  }

  /** Opens a further connection. */
  readonly open: (domid?: number) => Speaker = (domid = 0) => new Speaker(this.core, domid);

  /** Opens a connection of a domain, and introduces the domain if needed. */
  readonly guest: (domid: number) => Speaker = (domid) => {
    if (this.core.introduced(domid) === undefined) this.tell("INTRODUCE", `${domid}|1|1|`);
    return this.open(domid);
  };

  /** Creates a node as domain 0, with these permissions. */
  readonly node: (path: string, ...permissions: string[]) => void = (path, ...permissions) => {
    this.tell("MKDIR", `${path}|`);
    if (permissions.length > 0) this.tell("SET_PERMS", `${path}|${permissions.join("|")}|`);
  };

  /** Sends a request that must succeed, over a separate connection of domain 0. Returns the answer. */
  readonly tell: (operation: Asked, payload?: string) => string = (operation, payload = "") => {
    const answer = this.#inspector.ask(operation, payload);
    assert(!/^E[A-Z0-9]+$/.test(answer), `${operation} ${JSON.stringify(payload)} -> ${answer}`);
    return answer;
  };

  /** The nodes of a subtree, parents first: `"/a=value n0,r5"`. */
  readonly tree: (path?: string) => string[] = (path = "/") => {
    const lines: string[] = [];
    const top = this.core.view.get(path);
    const stack: [string, StoreNode][] = top === undefined ? [] : [[path, top]];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      const [at, { value, permissions, children }] = next;
      lines.push(`${at}=${value} ${permissions.toString().slice(0, -1).replaceAll("\0", ",")}`);
      const below = children.list().map((child): [string, StoreNode] => [
        at === "/" ? `/${child.name}` : `${at}/${child.name}`,
        child,
      ]);
      stack.push(...below.reverse());
    }
    return lines;
  };

  /** Counts again what the store keeps count of, and checks that the numbers are equal. */
  readonly audit: () => void = () => {
    const { core } = this;
    assertEquals(this.#inspector.ask("CONTROL", "check|"), "OK|");
    let open = 0;
    const connected = new Set<Connection>();
    for (const domain of core.domains.values()) {
      const counted = { watches: 0, transactions: 0, bytes: 0 };
      for (const connection of domain.connections) {
        assertEquals(core.connections.get(connection.id), connection);
        connected.add(connection);
        counted.watches += connection.watches.size;
        counted.transactions += connection.transactions.size;
        for (const watch of connection.watches.values()) {
          counted.bytes += watch.path.length + watch.token.length;
          assert(core.events.trie.at(watch.path).includes(watch), watch.path);
        }
        for (const { bytes, exchanges, failed, view } of connection.transactions.values()) {
          const texts = exchanges.reduce((sum, { request, answer }) => sum + request.length + answer.length, 0);
          const kept = texts + OVERHEAD * (exchanges.length + view.changes.length);
          assert(bytes >= kept, `${bytes} bytes are charged for ${kept}`);
          if (!failed) assertEquals(bytes, exchanges.reduce((sum, exchange) => sum + exchange.bytes, 0));
          counted.bytes += bytes;
        }
      }
      const { watches, transactions, bytes } = domain;
      assertEquals({ watches, transactions, bytes }, counted, `domain ${domain.domid}`);
      open += transactions;
    }
    assertEquals(connected.size, core.connections.size);
    assertEquals(core.limiter.open, open);
  };
}

/** A test with its own store, whose accounts are checked at the end. */
export function within(run: (store: TestStore) => void, options: StoreOptions = {}): () => void {
  return () => {
    const store = new TestStore(options);
    run(store);
    store.audit();
  };
}
