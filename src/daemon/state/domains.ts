// The domains that the daemon knows of, their connections and their watches.

import { Feature } from "../../wire/operations.ts";
import type { Subject } from "../tree/permissions.ts";
import type { Quotas } from "../tree/quotas.ts";
import { Outbox } from "./outbox.ts";
import type { Transaction } from "./transaction.ts";

/** Domain 0, which may do everything. */
export const PRIVILEGED_DOMID = 0;
/** By this number a domain means itself. */
export const DOMID_SELF = 0x7ff0;
/** The features that the daemon has, as bits. */
export const FEATURES: number = Feature.ERROR | Feature.WATCH_DEPTH | Feature.DOMID_ANY;

/** A domain: one that was introduced, or that has been named in permissions, features or quotas so far. */
export class Domain {
  /** Its number. */
  readonly domid: number;
  /** Whether it may do everything. */
  readonly privileged: boolean;
  /** The path that relative paths start from. */
  readonly home: string;
  /** What it may use. */
  readonly quotas: Quotas;
  /** Its connections. */
  readonly connections: Set<Connection> = new Set();
  /** Whether it may connect. */
  introduced: boolean;
  /** Whether its end was told already, until it resumes. */
  shutdown = false;
  /** The domain on whose behalf it may act. */
  target: number | null = null;
  /** The features that it is offered, as bits. */
  features: number = FEATURES;
  /** How many watches its connections have set. */
  watches = 0;
  /** How many transactions its connections have open. */
  transactions = 0;
  /** How many of its requests caused events that others have not taken yet. */
  outstanding = 0;
  /** Bytes that its watches and transactions take. */
  bytes = 0;
  /** What it may yet write while others have transactions open; see limiter.ts. */
  credit = 0;
  /** When its credit was last filled up, in milliseconds. */
  creditedAt: number = -Infinity;

  /** Makes a domain. */
  constructor(domid: number, quotas: Quotas) {
    this.domid = domid;
    this.privileged = domid === PRIVILEGED_DOMID;
    this.introduced = this.privileged;
    this.home = `/local/domain/${domid}`;
    this.quotas = quotas;
  }
}

/** The state of a connection. The store changes it; the link that serves the connection moves bytes in and out. */
export class Connection implements Subject {
  /** Numbers connections in the order in which they were made, from 1. */
  readonly id: number;
  /** The domain that it speaks for. */
  readonly domain: Domain;
  /** What it has yet to receive. */
  readonly outbox: Outbox = new Outbox();
  /** Its watches, in the order in which they were set, by path and token. */
  readonly watches: Map<string, Watch> = new Map();
  /** Its open transactions. */
  readonly transactions: Map<number, Transaction> = new Map();
  /** The id to try for its next transaction. */
  nextTransactionId = 1;
  /** Called when the daemon drops the connection: the domain is gone, or starts anew. */
  onDropped: () => void = () => {};
  /** Called when a guest that was held up may go on. */
  onReleased: () => void = () => {};

  /** Makes a connection of a domain. */
  constructor(id: number, domain: Domain) {
    this.id = id;
    this.domain = domain;
  }

  /** The domain's number. */
  get domid(): number {
    return this.domain.domid;
  }

  /** Whether it may do everything: domain 0. */
  get privileged(): boolean {
    return this.domain.privileged;
  }

  /** The domain on whose behalf it may act. */
  get target(): number | null {
    return this.domain.target;
  }

  /** What stands before a relative path. */
  get home(): string {
    return this.domain.home;
  }
}

/** A watch. */
export interface Watch {
  /** Whose it is. */
  readonly connection: Connection;
  /** What it watches, as an absolute path or a special one. */
  readonly path: string;
  /** What its events carry. */
  readonly token: string;
  /** How many levels below the path count; -1 for all. */
  readonly depth: number;
  /**
   * The number of characters that events leave out of a path: the length of the home for a watch of a relative path.
   */
  readonly prefix: number;
  /** Grows with each watch that is set. */
  readonly order: number;
}
