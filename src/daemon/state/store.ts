// The store: its tree, quotas, domains and connections, and how a change of them is persisted and applied.

import { DOMID_ANY } from "../../wire/permissions.ts";
import { type Clock, systemClock } from "../clock.ts";
import { subtree } from "../tree/listing.ts";
import { type Entry, Permissions, Right } from "../tree/permissions.ts";
import { Quotas } from "../tree/quotas.ts";
import type { Change } from "../tree/changes.ts";
import { emptyTop } from "../tree/store_node.ts";
import { View } from "../tree/tree.ts";
import { ControlLog } from "./control_log.ts";
import { Connection, Domain, DOMID_SELF, PRIVILEGED_DOMID, type Watch } from "./domains.ts";
import { Draft } from "./draft.ts";
import { Events } from "./events.ts";
import { fail, type Failure } from "./failure.ts";
import { Limiter } from "./limiter.ts";
import { Pins } from "./pins.ts";
import type { Transaction } from "./transaction.ts";

/** How a store differs from the usual one. */
export interface StoreOptions {
  /** Where time comes from; the machine's by default. */
  readonly clock?: Clock | undefined;
  /** Quotas of new domains that are not the defaults. */
  readonly quotas?: ConstructorParameters<typeof Quotas>[0] | undefined;
  /** How many bytes of replaced nodes the open transactions of guests may keep in memory; 16 MiB by default. */
  readonly pinnedMax?: number | undefined;
  /** Whether there is a domain of this number, as a hypervisor would tell; by default there is one of every number. */
  readonly domainExists?: ((domid: number) => boolean) | undefined;
  /** Asked at each commit whether it is to fail with EAGAIN without reason. */
  readonly conflict?: (() => boolean) | undefined;
  /**
   * Gets a line of text for what CONTROL's `print` says, and for each request once CONTROL's `log on` was asked for.
   */
  readonly log?: ((line: string) => void) | undefined;
  /**
   * Persists what a request or the end of a domain is about to change. If it throws, the request fails with EIO, and
   * nothing is changed.
   */
  readonly onChanges?: ((changes: readonly Change[]) => void) | undefined;
}

/** Made at the start, in this order. /local and what is below it are not C's, but toolstacks take them for granted. */
const INITIAL_PATHS = ["/tool", "/tool/xenstored", "/local", "/local/domain"];
const owner: Entry = { domid: PRIVILEGED_DOMID, rights: 0, ignored: false };
const everybodyReads: Entry = { domid: DOMID_ANY, rights: Right.READ, ignored: false };

/** A store with its domains, watches and transactions. It does no I/O. */
export class Store {
  /** The tree that all clients see. */
  readonly view: View;
  /** Quotas that new domains get. */
  readonly quotas: Quotas;
  /** What it says of itself. */
  readonly log: ControlLog;
  /** The watches. */
  readonly events: Events;
  /** The domains that are known, by number. */
  readonly domains: Map<number, Domain> = new Map();
  /** The connections, by number, oldest first. */
  readonly connections: Map<number, Connection> = new Map();
  /** Holds up guests that change too much. */
  readonly limiter: Limiter;
  readonly #pins: Pins;
  readonly #options: StoreOptions;
  #lastConnection = 0;
  #guests = 0;

  /** Starts an empty store. */
  constructor(options: StoreOptions = {}) {
    this.#options = options;
    this.quotas = new Quotas(options.quotas);
    this.log = new ControlLog(options.log ?? null);
    this.limiter = new Limiter(options.clock ?? systemClock);
    const own = new Permissions([owner]);
    this.view = new View(emptyTop(own), { last: 0 });
    this.events = new Events(this.view);
    this.#pins = new Pins(this.view, options.pinnedMax);
    const draft = this.draft();
    for (const path of ["/", ...INITIAL_PATHS, "@introduceDomain"]) draft.view.put(path, "", own);
    draft.view.put("@releaseDomain", "", new Permissions([owner, everybodyReads]));
    this.apply(draft);
    this.domains.set(PRIVILEGED_DOMID, new Domain(PRIVILEGED_DOMID, this.quotas.copy()));
  }

  /** Makes a connection of a domain. Throws a `RangeError` if the domain may not connect. */
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

  /**
   * Returns 0 if the next request of a connection may run, otherwise the milliseconds to wait; `Infinity` if the
   * connection calls `onReleased` then.
   */
  holdOf({ domain }: Connection): number {
    if (domain.privileged) return 0;
    const { quotas, outstanding } = domain;
    if (quotas.get("outstanding") > 0 && outstanding >= quotas.get("outstanding")) return Infinity;
    return this.limiter.delay(domain, this.guests);
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

  /** Returns the record of a domain, and makes one if necessary; undefined if the domain does not exist. */
  existing(domid: number): Domain | undefined {
    return this.mayKnow(domid) ? this.#known(domid) : undefined;
  }

  /** Whether there is a domain of this number, of which something may be known from now on. */
  mayKnow(domid: number): boolean {
    return domid !== DOMID_ANY && (this.domains.has(domid) || this.isAlive(domid));
  }

  /**
   * Starts a draft, on a new sketch of the tree or on a fork that was made before and that nothing has changed since.
   */
  draft(view: View = this.view.sketch()): Draft {
    return new Draft(view, this.events);
  }

  /** Persists a draft and applies it. Throws what `onChanges` throws; then nothing has changed. */
  publish(draft: Draft): void {
    this.#persist(draft);
    this.apply(draft);
  }

  /** Persists a draft and applies it. Returns EIO if it cannot be persisted; then nothing has changed. */
  tryPublish(draft: Draft): Failure | null {
    try {
      this.#persist(draft);
    } catch {
      return fail.EIO;
    }
    this.apply(draft);
    return null;
  }

  /** Applies a draft without persisting it. */
  apply(draft: Draft): void {
    this.view.adopt(draft.view);
    for (const change of draft.view.changes) {
      if (change.kind === "quota") this.quotasFor(change.domid).set(change.name, change.value);
      else if (change.kind === "forget") this.domains.delete(change.domid);
    }
    draft.takeEffect();
    this.#pins.check();
  }

  /** Applies changes that were persisted before, without events. Throws a `RangeError` if a node has no parent. */
  restore(changes: Iterable<Change>): void {
    const draft = this.draft();
    const { view } = draft;
    for (const change of changes) {
      if (change.kind === "put") view.put(change.path, change.value, change.permissions);
      else if (change.kind === "remove") view.remove(change.path);
      else view.changes.push(change);
    }
    this.apply(draft);
    this.knowNamed();
  }

  /** Makes known each domain that owns a node or is named in permissions, after a tree came from elsewhere. */
  knowNamed(): void {
    for (const { permissions: { entries } } of subtree(this.view.top)) {
      // An ignored entry names a domain that did not exist.
      for (const { domid, ignored } of entries) if (!ignored && domid < DOMID_SELF) this.#known(domid);
    }
  }

  /** The quotas of a domain, or of new domains. */
  quotasFor(domid: number | null): Quotas {
    return domid === null ? this.quotas : this.#known(domid).quotas;
  }

  /** Charges a guest for a change that it makes while others have transactions open. */
  charge(domain: Domain): void {
    this.limiter.charge(domain, this.limiter.open, this.guests);
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
  addTransaction(connection: Connection, transaction: Transaction): void {
    const { domain, transactions } = connection;
    if (!domain.privileged) this.#pins.add(connection, transaction);
    transactions.set(transaction.id, transaction);
    domain.transactions++;
    this.limiter.open++;
  }

  /** A connection has one transaction less. */
  dropTransaction({ domain, transactions }: Connection, transaction: Transaction): void {
    if (!transactions.delete(transaction.id)) return;
    this.#pins.delete(transaction);
    domain.transactions--;
    domain.bytes -= transaction.bytes;
    this.limiter.open--;
  }

  /** How many domains are introduced besides domain 0. */
  get guests(): number {
    return this.#guests;
  }

  /** Notes whether a domain is introduced. Only those count for the rate of changes: any number may be known. */
  setIntroduced(domain: Domain, introduced: boolean): void {
    if (domain.introduced === introduced) return;
    domain.introduced = introduced;
    this.#guests += introduced ? 1 : -1;
  }

  /** Whether a commit is to fail without reason. */
  get fakesConflict(): boolean {
    return this.#options.conflict?.() ?? false;
  }

  #persist({ view: { changes } }: Draft): void {
    if (changes.length > 0) this.#options.onChanges?.(changes);
  }

  #known(domid: number): Domain {
    let domain = this.domains.get(domid);
    if (domain === undefined) this.domains.set(domid, domain = new Domain(domid, this.quotas.copy()));
    return domain;
  }
}
