// One connection to the daemon: whom it speaks for, and what it has open.

import { Outbox } from "./outbox.ts";
import type { Domain } from "./domains.ts";
import type { Subject } from "../tree/permissions.ts";
import type { Transaction } from "./transaction.ts";
import type { Watch } from "./watches.ts";

/** The state of a connection. The core changes it; the link that serves the connection moves bytes in and out. */
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
