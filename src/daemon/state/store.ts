// The daemon without its connections' bytes: requests in, replies and events out.

import type { Packet } from "../../wire/header.ts";
import { Operation } from "../../wire/operations.ts";
import { DOMID_ANY } from "../../wire/permissions.ts";
import type { Call } from "../operations/call.ts";
import { noChildren } from "../tree/children.ts";
import { type Clock, systemClock } from "../clock.ts";
import { Connection, Domain, DOMID_SELF, PRIVILEGED_DOMID, type Watch } from "./domains.ts";
import { Events } from "./events.ts";
import { fail, Failure } from "./failure.ts";
import { fromBytes } from "../tree/latin1.ts";
import { Limiter } from "./limiter.ts";
import { Log } from "./control_log.ts";
import { type Entry, Permissions, Right } from "../tree/permissions.ts";
import { Quotas } from "../tree/quotas.ts";
import { answer, remembered, rules } from "../operations/table.ts";
import { OVERHEAD, type Transaction } from "./transaction.ts";
import { type Change, StoreNode, View } from "../tree/tree.ts";

/** How a core differs from the usual one. */
export interface CoreOptions {
  /** Where time comes from; the machine's by default. */
  readonly clock?: Clock | undefined;
  /** Quotas of new domains that are not the defaults. */
  readonly quotas?: ConstructorParameters<typeof Quotas>[0] | undefined;
  /** Whether there is a domain of this number, as a hypervisor would tell; by default there is one of every number. */
  readonly domainExists?: ((domid: number) => boolean) | undefined;
  /** Asked at each commit whether it is to fail with EAGAIN without reason. */
  readonly conflict?: (() => boolean) | undefined;
  /** Gets a line of text for what CONTROL's `print` says, and for each request once CONTROL's `log on` was asked for. */
  readonly log?: ((line: string) => void) | undefined;
  /** Told of each request and what was answered: the reply's type, and its payload, a character for each byte. */
  readonly onAnswer?: ((connection: Connection, packet: Packet, type: number, payload: string) => void) | undefined;
  /**
   * Told of what each request changed, before its reply is queued, and of a domain's end before it comes. Where it throws,
   * the request fails with EIO, and nothing is changed.
   */
  readonly onChanges?: ((changes: readonly Change[]) => void) | undefined;
}

/** Made at the start, in this order. /local and what is below it are not C's, but toolstacks take them for granted. */
const INITIAL_PATHS = ["/tool", "/tool/xenstored", "/local", "/local/domain"];
const owner: Entry = { domid: PRIVILEGED_DOMID, rights: 0, ignored: false };
const everybodyReads: Entry = { domid: DOMID_ANY, rights: Right.READ, ignored: false };

/** A store with its domains, watches and transactions. It does no I/O. */
export class Core {
  /** The tree as everybody sees it. */
  readonly view: View;
  /** Quotas that new domains get. */
  readonly quotas: Quotas;
  /** What it says of itself. */
  readonly log: Log;
  /** The watches. */
  readonly events: Events;
  /** The domains that are known, by number. */
  readonly domains: Map<number, Domain> = new Map();
  /** The connections, by number, oldest first. */
  readonly connections: Map<number, Connection> = new Map();
  /** Holds up guests that change too much. */
  readonly limiter: Limiter;
  readonly #options: CoreOptions;
  #lastConnection = 0;

  /** Starts an empty store. */
  constructor(options: CoreOptions = {}) {
    this.#options = options;
    this.quotas = new Quotas(options.quotas);
    this.log = new Log(options.log ?? null);
    this.limiter = new Limiter(options.clock ?? systemClock);
    const own = new Permissions([owner]);
    this.view = new View(new StoreNode("", own, noChildren(), 0), { last: 0 });
    for (const path of ["/", ...INITIAL_PATHS, "@introduceDomain"]) this.view.put(path, "", own);
    this.view.put("@releaseDomain", "", new Permissions([owner, everybodyReads]));
    this.view.changes = [];
    this.events = new Events(this.view);
    this.domains.set(PRIVILEGED_DOMID, new Domain(PRIVILEGED_DOMID, this.quotas.copy()));
  }

  /** A new connection of a domain. Throws a `RangeError` where the domain may not connect. */
  attach(domid: number): Connection {
    const domain = this.introduced(domid);
    if (domain === undefined) throw new RangeError(`cannot connect as domain ${domid}: it is not introduced`);
    const connection = new Connection(++this.#lastConnection, domain);
    domain.connections.add(connection);
    this.connections.set(connection.id, connection);
    return connection;
  }

  /** A connection ended: what it had open goes. Doing so twice is fine (XSA-233). */
  detach(connection: Connection): void {
    if (!this.connections.delete(connection.id)) return;
    connection.domain.connections.delete(connection);
    this.reset(connection);
    connection.outbox.clear();
  }

  /** Answers one request: the reply, and the events that it causes, are queued with the connections concerned. */
  handle(connection: Connection, packet: Packet): void {
    const { type, requestId, transactionId, payload } = packet;
    const call = this.#call(connection, type, transactionId, payload);
    let reply: string | Failure;
    if (call instanceof Failure) reply = call;
    else {
      const { top } = this.view;
      this.events.causedBy(connection);
      reply = this.#run(call, type);
      this.events.causedBy(null);
      if (this.view.changes.length > 0 && !this.#publish(top)) reply = fail.EIO;
    }
    const replyType = reply instanceof Failure ? Operation.ERROR : type;
    const body = reply instanceof Failure ? `${reply.code}\0` : reply;
    connection.outbox.reply(replyType, requestId, transactionId, body);
    if (!(call instanceof Failure)) call.trailing?.();
    if (this.log.enabled) this.log.exchange(connection, type, fromBytes(payload), replyType, body);
    this.#options.onAnswer?.(connection, packet, replyType, body);
  }

  /**
   * Whether a connection's next request may be answered: 0 if so, else after how many milliseconds to ask again; `Infinity`
   * where its `onReleased` will tell.
   */
  holdOf({ domain }: Connection): number {
    if (domain.privileged) return 0;
    const { quotas, outstanding } = domain;
    if (quotas.get("outstanding") > 0 && outstanding >= quotas.get("outstanding")) return Infinity;
    return this.limiter.delay(domain, this.guests);
  }

  /** Whether there is a domain of this number. */
  domainExists(domid: number): boolean {
    return domid === DOMID_ANY || this.domains.has(domid) || this.isAlive(domid);
  }

  /** Whether there is a domain of this number by the hypervisor's word alone, whatever is known of it here. */
  isAlive(domid: number): boolean {
    return domid < DOMID_SELF && (this.#options.domainExists?.(domid) ?? true);
  }

  /** The domain of this number if it may connect. */
  introduced(domid: number): Domain | undefined {
    const domain = this.domains.get(domid);
    return domain?.introduced ? domain : undefined;
  }

  /** What is known of a domain, from now on if there was nothing; undefined where there is no such domain. */
  existing(domid: number): Domain | undefined {
    return domid !== DOMID_ANY && this.domainExists(domid) ? this.#known(domid) : undefined;
  }

  /** Has changes kept that are about to be made. Throws what `onChanges` throws: then they must not be made. */
  keep(changes: readonly Change[]): void {
    if (changes.length > 0) this.#options.onChanges?.(changes);
  }

  /** The same, for a request: false where they must not be made. */
  keeps(changes: readonly Change[]): boolean {
    try {
      this.keep(changes);
      return true;
    } catch {
      return false;
    }
  }

  /** What something would change, tried out in a core of its own that has the same nodes. */
  rehearse(change: (core: Core) => void): readonly Change[] {
    const { domainExists, quotas } = this.#options;
    const other = new Core({ domainExists, quotas });
    other.view.top = this.view.top;
    change(other);
    return other.view.changes;
  }

  /** Takes changes that were made elsewhere or earlier, without telling anybody. */
  restore(changes: Iterable<Change>): void {
    for (const change of changes) {
      if (change.kind === "put") this.view.put(change.path, change.value, change.permissions);
      else if (change.kind === "remove") this.view.remove(change.path);
      else if (change.kind === "quota") this.#quotasOf(change.domid).set(change.name, change.value);
      else this.domains.delete(change.domid);
    }
    this.view.changes = [];
  }

  /** Drops a connection's watches and transactions. */
  reset(connection: Connection): void {
    for (const watch of connection.watches.values()) this.forgetWatch(watch);
    for (const transaction of connection.transactions.values()) this.dropTransaction(connection, transaction);
  }

  /** Drops a watch. */
  forgetWatch(watch: Watch): void {
    const { connection: { domain, watches }, path, token } = watch;
    if (!watches.delete(`${path}\0${token}`)) return;
    this.events.trie.remove(watch);
    domain.watches--;
    domain.bytes -= path.length + token.length;
  }

  /** A connection has one more transaction open. */
  addTransaction({ domain, transactions }: Connection, transaction: Transaction): void {
    transactions.set(transaction.id, transaction);
    domain.transactions++;
    this.limiter.open++;
  }

  /** A connection has one transaction less. */
  dropTransaction({ domain, transactions }: Connection, transaction: Transaction): void {
    if (!transactions.delete(transaction.id)) return;
    domain.transactions--;
    domain.bytes -= transaction.bytes;
    this.limiter.open--;
  }

  /** How many domains there are besides domain 0. */
  get guests(): number {
    return this.domains.size - 1;
  }

  /** Whether a commit is to fail without reason. */
  get fakesConflict(): boolean {
    return this.#options.conflict?.() ?? false;
  }

  #call(connection: Connection, type: number, transactionId: number, payload: Uint8Array): Call | Failure {
    const rule = rules[type];
    if (rule === undefined) return fail.ENOSYS;
    if (rule.privileged && !connection.privileged) return fail.EACCES;
    let transaction: Transaction | null = null;
    if (transactionId !== 0 && !rule.outside) {
      transaction = connection.transactions.get(transactionId) ?? null;
      if (transaction === null) return fail.ENOENT;
    }
    const view = transaction?.view ?? this.view;
    return { core: this, connection, transaction, view, text: fromBytes(payload), payload, trailing: null };
  }

  #run(call: Call, type: number): string | Failure {
    const rule = rules[type];
    if (rule === undefined) return fail.ENOSYS;
    const { transaction, connection: { domain }, text, view } = call;
    // There may be some that no request made.
    const before = view.changes.length;
    const reply = answer(rule, call);
    if (!rule.onNodes) return reply;
    const changes = view.changes.length - before;
    if (transaction === null) {
      if (changes > 0) this.limiter.charge(domain, this.limiter.open, this.guests);
      return reply;
    }
    const exchange = { type, request: text, answer: remembered(reply) };
    const bytes = exchange.request.length + exchange.answer.length + OVERHEAD * (1 + changes);
    transaction.exchanges.push(exchange);
    transaction.bytes += bytes;
    domain.bytes += bytes;
    if (domain.privileged || !domain.quotas.exceeds("memory", domain.bytes)) return reply;
    transaction.failed = true;
    return fail.ENOMEM;
  }

  /**
   * Has kept what a request changed. Where that fails, all is as it was before, when this was the top; those who watch may
   * be told of a change that is not there, which a watch allows.
   */
  #publish(top: StoreNode): boolean {
    const { changes } = this.view;
    this.view.changes = [];
    if (this.keeps(changes)) return true;
    this.view.goBack(top);
    const quotas = changes.map((change) => change.kind === "quota" ? this.#quotasOf(change.domid) : null);
    for (const each of new Set(quotas)) each?.undo();
    return false;
  }

  #quotasOf(domid: number | null): Quotas {
    return domid === null ? this.quotas : this.#known(domid).quotas;
  }

  #known(domid: number): Domain {
    let domain = this.domains.get(domid);
    if (domain === undefined) this.domains.set(domid, domain = new Domain(domid, this.quotas.copy()));
    return domain;
  }
}
