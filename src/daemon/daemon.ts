// The daemon: a store of this process, the ways to connect to it, and what a hypervisor would tell it.

import { ConnectionError } from "../transport/errors.ts";
import { Pace } from "../transport/pace.ts";
import type { Transport } from "../transport/transport.ts";
import type { Packet } from "../wire/header.ts";
import { checkDomid } from "./checks.ts";
import { systemClock } from "./clock.ts";
import { Store } from "./state/store.ts";
import { handle } from "./operations/dispatch.ts";
import { type Connection, type Domain, DOMID_SELF, PRIVILEGED_DOMID } from "./state/domains.ts";
import { Faults } from "./lines/faults.ts";
import { draftEnd, endDomain, introduceDomain, shutDownDomain } from "./state/lifecycle.ts";
import { Links } from "./lines/links.ts";
import { memoryLine } from "./lines/memory_line.ts";
import { exportStore, importStore } from "./migration/store.ts";
import { Observer } from "./lines/observer.ts";
import { type LogOptions, type LogReader, OperationLog } from "./lines/operation_log.ts";
import {
  checkDaemonOptions,
  checkKeepOptions,
  checkLogOptions,
  type DaemonOptions,
  type KeepOptions,
} from "./options.ts";
import type { Keeper } from "./persistence/keeper.ts";
import type { Listener } from "./lines/server.ts";
import { Sockets } from "./lines/sockets.ts";

/** Whom a connection speaks for. */
export interface ConnectOptions {
  /** The domain's number: 0, the default, may do everything; another one must be introduced. */
  readonly domid?: number;
}

/**
 * A XenStore daemon of this process: the store of a test, of a simulation, or of a host. It answers as the C xenstored
 * of Xen 4.22 does, over the memory of the process and over any number of Unix sockets.
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
  readonly #store: Store;
  readonly #links: Links;
  readonly #log: OperationLog = new OperationLog();
  readonly #sockets: Sockets;
  readonly #pace: Pace = new Pace();
  #keeper: Keeper | null = null;
  #closed: Promise<void> | null = null;

  /**
   * Starts an empty store, to which nobody is connected. Throws a `RangeError` where a quota, a limit, or a probability
   * of a fault is none, and a `TypeError` where an option is of another kind or a fault unknown.
   */
  constructor(options: DaemonOptions = {}) {
    checkDaemonOptions(options);
    const { clock = systemClock, quotas, domainExists, log, onIdle } = options;
    const faults = options.faults === undefined ? null : new Faults(options.faults);
    const observer = new Observer(clock, this.#log, faults);
    this.#store = new Store({
      clock,
      quotas,
      domainExists,
      log,
      conflict: faults === null ? undefined : () => faults.conflicts(),
      onChanges: (changes) => this.#keeper?.take(changes),
    });
    const store = this.#store;
    const responder = {
      handle: (connection: Connection, request: Packet) => handle(store, connection, request),
      attach: (domid: number) => store.attach(domid),
      detach: (connection: Connection) => store.detach(connection),
      holdOf: (connection: Connection) => store.holdOf(connection),
    };
    this.#links = new Links(responder, clock, observer, options, () => this.#keeper?.commit() ?? true);
    this.#sockets = new Sockets(this.#store, this.#links);
    if (onIdle !== undefined) this.#links.onIdle = onIdle;
  }

  /**
   * Starts a daemon whose store is kept in a directory, which is made if it is missing: all nodes, permissions and
   * quotas are there again when it is opened the next time, whatever ended the process. Guests have to be introduced
   * again; what was kept of one is there, unless {@linkcode DaemonOptions.domainExists} says that there is no such
   * domain any more.
   *
   * Rejects with a {@linkcode JournalError} where another daemon uses the directory (EBUSY), where it was written by a
   * later version (ENOSYS), where its files do not hold what was written to them (EIO), or where the system refuses
   * (its code); with a `RangeError` or a `TypeError`, before anything is made, where an option makes no sense.
   *
   * @example
   * ```ts
   * import { mkdtemp } from "node:fs/promises";
   * import { connect } from "tsxs";
   * import { Daemon } from "tsxs/daemon";
   *
   * const directory = await mkdtemp("/tmp/store-");
   * {
   *   await using daemon = await Daemon.open(directory);
   *   await using store = await connect(daemon.connect());
   *   await store.write("/tool/kept", "still here");
   * }
   * await using daemon = await Daemon.open(directory);
   * await using store = await connect(daemon.connect());
   * console.log(await store.readText("/tool/kept")); // still here
   * ```
   */
  static async open(directory: string, options: DaemonOptions & KeepOptions = {}): Promise<Daemon> {
    checkKeepOptions(options);
    const daemon = new Daemon(options);
    const { clock = systemClock, sync, interval, onProblem, onFailed } = options;
    // On demand: what reads and writes files takes longer to load than the rest of the daemon.
    const persistence = await import("./persistence/keeper.ts");
    const keeper = await persistence.Keeper.open(directory, {
      clock,
      sync,
      interval,
      onProblem,
      onFailed: (error) => {
        // What fails at the end is told to whoever closes the daemon.
        void daemon.close().catch(() => {}).then(() => onFailed?.(error));
      },
    });
    try {
      keeper.load(daemon.#store);
      daemon.#keeper = keeper;
      return daemon;
    } catch (error) {
      await keeper.close();
      throw error;
    }
  }

  /**
   * The store as a migration stream of Xen's, for another daemon to go on with: nodes, quotas, and the guests that are
   * introduced with their watches. Version 2 is what Xen writes since 4.21, version 1 before. What this process alone
   * can go on with is left out: connections of domain 0, and open transactions. Source:
   * `docs/designs/xenstore-migration.md` of Xen.
   *
   * @example
   * ```ts
   * import { connect } from "tsxs";
   * import { Daemon } from "tsxs/daemon";
   *
   * await using old = new Daemon();
   * await using store = await connect(old.connect());
   * await store.write("/tool/moved", "with all the rest");
   *
   * await using fresh = new Daemon();
   * fresh.importStream(old.exportStream());
   * await using moved = await connect(fresh.connect());
   * console.log(await moved.readText("/tool/moved")); // with all the rest
   * ```
   */
  exportStream(version: 1 | 2 = 2): Uint8Array {
    return exportStore(this.#store, version);
  }

  /**
   * Takes the store of a migration stream of Xen's. One that has the root replaces all nodes; one without adds those of
   * a domain. Guests are introduced, and set their watches again when they connect. Throws a {@linkcode MigrationError}
   * where it is none, a {@linkcode JournalError} where there is no room to keep it, and then has changed nothing; a
   * `RangeError` where somebody is connected, and a {@linkcode ConnectionError} where the daemon was closed.
   */
  importStream(stream: Uint8Array): void {
    this.#checkOpen("import a stream");
    if (this.#links.size > 0) throw new RangeError("cannot import a stream: somebody is connected");
    importStore(this.#store, stream);
    this.#settle();
  }

  /**
   * A connection within this process, as a transport that a client takes: `connect(daemon.connect())` or, for a client
   * that connects again, `connect(() => daemon.connect())`. Throws a `RangeError` where the domain is not introduced,
   * and a {@linkcode ConnectionError} where the daemon was closed.
   */
  connect({ domid = PRIVILEGED_DOMID }: ConnectOptions = {}): Transport {
    checkDomid(domid);
    return memoryLine((line) => this.#links.open(domid, line), this.#pace);
  }

  /**
   * Listens on the Unix socket at `path`, which belongs to its owner alone (mode 0600) from its first moment; all who
   * connect there speak for `domid`. A socket's file that nobody listens behind any more is replaced. A guest's socket
   * is closed when the guest is released or destroyed. Any number of sockets is possible; what is returned closes this
   * one.
   *
   * Rejects with a {@linkcode ConnectionError}: `EADDRINUSE` where somebody listens there or the path names something
   * else, `EINVAL` where it is empty, contains a NUL or has more than 107 bytes, `ENOENT` or `EACCES` as the system has
   * it. Rejects with a `RangeError` where the domain is not introduced.
   *
   * Deno needs `--allow-net`, and `--allow-read` and `--allow-write` of the socket's directory: the socket is made
   * there under another name, and gets its own when its mode is right.
   */
  async listen(path: string, { domid = PRIVILEGED_DOMID }: ConnectOptions = {}): Promise<Listener> {
    checkDomid(domid);
    return await this.#sockets.open(path, domid);
  }

  /**
   * Lets a domain connect, as a toolstack's INTRODUCE does; those who watch `@introduceDomain` are told. The
   * connections of one that may already are ended: it starts anew. Throws a `RangeError` where there is no such domain,
   * and a {@linkcode ConnectionError} where the daemon was closed.
   */
  introduceDomain(domid: number): void {
    checkDomid(domid);
    this.#checkOpen("introduce a domain");
    introduceDomain(this.#store, domid);
    this.#settle();
  }

  /**
   * Lets go of a domain, as a toolstack's RELEASE does: its connections and sockets are closed, the nodes that it owns
   * are removed, and those who watch `@releaseDomain` are told. Throws a `RangeError` where it is not introduced, a
   * {@linkcode JournalError} where there is no room to keep that, and then has changed nothing; a {@linkcode
   * ConnectionError} where the daemon was closed.
   */
  releaseDomain(domid: number): void {
    this.#checkOpen("release a domain");
    endDomain(this.#store, this.#guest("release", domid));
    this.#settle();
  }

  /**
   * A domain shut down or crashed, as the hypervisor would tell: those who watch `@releaseDomain` are told, once until
   * it resumes. Its nodes and its connections stay. Throws a `RangeError` where it is not introduced, and a {@linkcode
   * ConnectionError} where the daemon was closed.
   */
  shutdownDomain(domid: number): void {
    this.#checkOpen("shut down a domain");
    shutDownDomain(this.#store, this.#guest("shut down", domid));
    this.#settle();
  }

  /**
   * A domain is gone, as the hypervisor would tell: as {@linkcode releaseDomain}, whether it was introduced or not, and
   * whether or not there still is one of its number. Nothing happens where nothing is left of it. As a domain is gone
   * even where that cannot be kept, the daemon closes then, and calls {@linkcode KeepOptions.onFailed}. Throws a
   * {@linkcode ConnectionError} where the daemon was closed.
   */
  destroyDomain(domid: number): void {
    checkDomid(domid);
    this.#checkOpen("destroy a domain");
    if (domid === PRIVILEGED_DOMID || domid >= DOMID_SELF) return;
    const end = draftEnd(this.#store, domid);
    this.#store.apply(end);
    this.#keeper?.takeAnyway(end.view.changes);
    this.#settle();
  }

  /**
   * A log of every operation that is carried out from now on, until the loop over it is left, it is disposed of, the
   * signal is aborted or the daemon is closed. Until then it costs a little with each request, whether it is read or
   * not. Who does not take them in time is told how many he missed; nobody waits for him. Throws a `RangeError` where
   * the limit is no whole number from 1.
   *
   * @example
   * ```ts
   * import { connect } from "tsxs";
   * import { Daemon } from "tsxs/daemon";
   *
   * await using daemon = new Daemon();
   * await using log = daemon.operations();
   * await using store = await connect(daemon.connect());
   * await store.exists("/tool/none");
   * for await (const event of log) {
   *   if (event.type === "operation") console.log(event.operation, event.path, event.error); // READ /tool/none ENOENT
   *   break;
   * }
   * ```
   */
  operations(options: LogOptions = {}): LogReader {
    checkLogOptions(options);
    const log = this.#log.read(options);
    if (this.#closed !== null) this.#log.end();
    return log;
  }

  /**
   * Ends all connections, closes all sockets and removes their files. What was stored is gone, unless it is kept in a
   * directory, which another daemon may have then. Closing twice is fine. Where some of that fails, all the rest is
   * done, and it rejects with the first error.
   */
  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  /** As {@linkcode close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const outcomes = await Promise.allSettled([
      this.#sockets.close(),
      attempt(() => this.#links.end()),
      attempt(() => this.#log.end()),
    ]);
    outcomes.push(...await Promise.allSettled([this.#keeper?.close()]));
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  }

  /** Sees to what a change comes to that no request made. */
  #settle(): void {
    this.#links.check();
    this.#keeper?.commit();
  }

  #checkOpen(what: string): void {
    if (this.#closed !== null) throw new ConnectionError(`cannot ${what}: the daemon was closed`);
  }

  #guest(what: string, domid: number): Domain {
    const domain = this.#store.introduced(domid);
    if (domain !== undefined && !domain.privileged) return domain;
    const state = domain === undefined ? "it is not introduced" : "it is the control domain";
    throw new RangeError(`cannot ${what} domain ${domid}: ${state}`);
  }
}

/** Does something at once; gives what it throws as a rejection. */
function attempt(run: () => void): Promise<void> {
  return new Promise((resolve) => resolve(run()));
}
