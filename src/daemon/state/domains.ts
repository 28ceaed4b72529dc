// The domains that the daemon knows of.

import type { Connection } from "./connection.ts";
import type { Quotas } from "../tree/quotas.ts";
import { Feature } from "../../wire/operations.ts";

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
  /** Where its relative paths start. */
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
