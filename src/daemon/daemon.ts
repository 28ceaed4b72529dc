// The daemon: a store of this process, the ways to connect to it, and what a hypervisor would tell it.

import type { Transport } from "../transport/transport.ts";
import { DOMID_MAX } from "../wire/permissions.ts";
import { type Clock, systemClock } from "./clock.ts";
import { Core } from "./core.ts";
import { type Domain, PRIVILEGED_DOMID } from "./domains.ts";
import { type FaultOptions, Faults } from "./faults.ts";
import { endDomain, introduceDomain, shutDownDomain } from "./lifecycle.ts";
import { Links, type Patience } from "./links.ts";
import { memoryLine } from "./memory_line.ts";
import { Observer } from "./observer.ts";
import { type LogEvent, type LogOptions, OperationLog } from "./operation_log.ts";
import type { QuotaName } from "./quotas.ts";
import type { Listener } from "./server.ts";
import { Sockets } from "./sockets.ts";

/** How a daemon differs from the usual one. */
export interface DaemonOptions extends Patience {
  /** Quotas of each guest that are not the C daemon's defaults; 0 stands for no limit. Domain 0 has none. */
  readonly quotas?: Readonly<Partial<Record<QuotaName, number>>>;
  /**
   * Whether there is a domain of this number, as a hypervisor would tell; by default there is one of every number. Only a
   * domain that exists can be introduced.
   */
  readonly domainExists?: (domid: number) => boolean;
  /** Faults on purpose, for tests of what a client makes of them; none by default. */
  readonly faults?: FaultOptions;
  /** Gets a line of text for what CONTROL's `print` says, and for each request once CONTROL's `log on` was asked for. */
  readonly log?: (line: string) => void;
  /** Where time comes from; the machine's own by default. */
  readonly clock?: Clock;
  /** Called when the last connection that was open has ended. */
  readonly onIdle?: () => void;
}

/** Whom a connection speaks for. */
export interface ConnectOptions {
  /** The domain's number: 0, the default, may do everything; another one must be introduced. */
  readonly domid?: number;
}

/**
 * A XenStore daemon of this process: the store of a test, of a simulation, or of a host. It answers as the C xenstored of
 * Xen 4.22 does, over the memory of the process and over any number of Unix sockets.
 *
 * A client that misbehaves harms itself alone: one that does not read is not read either, and is cut in the end; half a
 * request delays nobody. A daemon that has nothing to do costs nothing, and does not keep its process alive unless it
 * listens on a socket.
 *
 * @example
 * ```ts
 * import { connect } from "tsxs";
 * import { Daemon } from "tsxs/daemon";
 *
 * await using daemon = new Daemon();
 * await using store = await connect(daemon.connect());
 * await store.write("/local/domain/5/name", "guest");
 * await store.setPerms("/local/domain/5/name", ["n0", "r5"]);
 *
 * daemon.introduceDomain(5);
 * await using guest = await connect(daemon.connect({ domid: 5 }));
 * console.log(await guest.readText("name")); // guest
 * ```
 */
export class Daemon implements AsyncDisposable {
  readonly #core: Core;
  readonly #links: Links;
  readonly #log: OperationLog = new OperationLog();
  readonly #sockets: Sockets;
  #closed: Promise<void> | null = null;

  /**
   * Starts an empty store, to which nobody is connected. Throws a `RangeError` where a quota, a limit, or a probability of
   * a fault is none.
   */
  constructor(options: DaemonOptions = {}) {
    const { clock = systemClock, quotas, domainExists, log, onIdle } = options;
    const faults = options.faults === undefined ? null : new Faults(options.faults);
    const observer = new Observer(clock, this.#log, faults);
    this.#core = new Core({
      clock,
      quotas,
      domainExists,
      log,
      conflict: faults === null ? undefined : () => faults.conflicts(),
      onAnswer: (_connection, _request, type, payload) => {
        if (observer.isInterested) observer.answered(type, payload);
      },
    });
    this.#links = new Links(this.#core, clock, observer, options);
    this.#sockets = new Sockets(this.#core, this.#links);
    if (onIdle !== undefined) this.#links.onIdle = onIdle;
  }

  /**
   * A connection within this process, as a transport that a client takes: `connect(daemon.connect())` or, for a client that
   * connects again, `connect(() => daemon.connect())`. Throws a `RangeError` where the domain is not introduced, and a
   * {@linkcode ConnectionError} where the daemon was closed.
   */
  connect({ domid = PRIVILEGED_DOMID }: ConnectOptions = {}): Transport {
    checkDomid(domid);
    return memoryLine((line) => this.#links.open(domid, line));
  }

  /**
   * Listens on the Unix socket at `path`, which belongs to its owner alone (mode 0600) from its first moment; all who connect
   * there speak for `domid`. A socket's file that nobody listens behind any more is replaced. A guest's socket is closed when
   * the guest is released or destroyed. Any number of sockets is possible; what is returned closes this one.
   *
   * Rejects with the code `EADDRINUSE` where somebody listens there or the path names something else, `EINVAL` where it has
   * more than 107 bytes, `ENOENT` or `EACCES` as the system has it; with a `RangeError` where the domain is not introduced.
   */
  async listen(path: string, { domid = PRIVILEGED_DOMID }: ConnectOptions = {}): Promise<Listener> {
    checkDomid(domid);
    return await this.#sockets.open(path, domid);
  }

  /**
   * Lets a domain connect, as a toolstack's INTRODUCE does; those who watch `@introduceDomain` are told. The connections of
   * one that may already are ended: it starts anew. Throws a `RangeError` where there is no such domain.
   */
  introduceDomain(domid: number): void {
    checkDomid(domid);
    introduceDomain(this.#core, domid);
    this.#links.check();
  }

  /**
   * Lets go of a domain, as a toolstack's RELEASE does: its connections and sockets are closed, the nodes that it owns are
   * removed, and those who watch `@releaseDomain` are told. Throws a `RangeError` where it is not introduced.
   */
  releaseDomain(domid: number): void {
    endDomain(this.#core, this.#guest("release", domid));
    this.#links.check();
  }

  /**
   * A domain shut down or crashed, as the hypervisor would tell: those who watch `@releaseDomain` are told, once until it
   * resumes. Its nodes and its connections stay. Throws a `RangeError` where it is not introduced.
   */
  shutdownDomain(domid: number): void {
    shutDownDomain(this.#core, this.#guest("shut down", domid));
    this.#links.check();
  }

  /**
   * A domain is gone, as the hypervisor would tell: as {@linkcode releaseDomain}, but nothing happens where the daemon knew
   * nothing of it.
   */
  destroyDomain(domid: number): void {
    checkDomid(domid);
    const domain = domid === PRIVILEGED_DOMID ? undefined : this.#core.existing(domid);
    if (domain !== undefined) endDomain(this.#core, domain);
    this.#links.check();
  }

  /**
   * A log of every operation that is carried out from now on, until the loop over it is left, the signal is aborted or the
   * daemon is closed. Who does not take them in time is told how many he missed; nobody waits for him. Throws a `RangeError`
   * where the limit is no whole number from 1.
   *
   * @example
   * ```ts
   * import { connect } from "tsxs";
   * import { Daemon } from "tsxs/daemon";
   *
   * await using daemon = new Daemon();
   * const log = daemon.operations();
   * await using store = await connect(daemon.connect());
   * await store.exists("/tool/none");
   * for await (const event of log) {
   *   if (event.type === "operation") console.log(event.operation, event.path, event.error); // READ /tool/none ENOENT
   *   break;
   * }
   * ```
   */
  operations(options: LogOptions = {}): AsyncIterableIterator<LogEvent> {
    const log = this.#log.read(options);
    if (this.#closed !== null) this.#log.end();
    return log;
  }

  /** Ends all connections, closes all sockets and removes their files. What was stored is gone. Closing twice is fine. */
  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  /** As {@linkcode close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const closing = this.#sockets.close();
    this.#links.end();
    this.#log.end();
    await closing;
  }

  #guest(what: string, domid: number): Domain {
    const domain = this.#core.introduced(domid);
    if (domain !== undefined && !domain.privileged) return domain;
    const state = domain === undefined ? "it is not introduced" : "it is the control domain";
    throw new RangeError(`cannot ${what} domain ${domid}: ${state}`);
  }
}

function checkDomid(domid: number): void {
  if (Number.isInteger(domid) && domid >= 0 && domid <= DOMID_MAX) return;
  throw new RangeError(`domid is ${domid}: expected a whole number from 0 to ${DOMID_MAX}`);
}
