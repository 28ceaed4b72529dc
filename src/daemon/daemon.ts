// The daemon: a store of this process, the ways to connect to it, and the reports of a hypervisor.

import { Reported } from "../events/reported.ts";
import { refuseClones } from "../transport/uncloneable.ts";
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
import { DaemonReports, reporterOptions } from "./lines/reports.ts";
import { type LogOptions, type LogReader, OperationLog } from "./lines/operation_log.ts";
import {
  checkDaemonOptions,
  checkedDomid,
  checkKeepOptions,
  checkLogOptions,
  type ConnectOptions,
  type DaemonOptions,
  type KeepOptions,
} from "./options.ts";
import type { Keeper } from "./persistence/keeper.ts";
import type { Listener } from "./lines/server.ts";
import { Sockets } from "./lines/sockets.ts";

/**
 * A XenStore daemon within this process: the store of a test, of a simulation, or of a host.
 *
 * It answers as the C xenstored of Xen 4.22 does, over the memory of the process and any number of Unix sockets. A
 * client that misbehaves harms only itself: a client that does not read is not read either, and is disconnected in the
 * end; half a request delays no other client. An idle daemon uses no CPU, and keeps its process alive only while it
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
export class Daemon extends Reported implements AsyncDisposable {
  readonly #store: Store;
  readonly #reports: DaemonReports;
  readonly #links: Links;
  readonly #log: OperationLog = new OperationLog();
  readonly #sockets: Sockets;
  readonly #pace: Pace = new Pace();
  #keeper: Keeper | null = null;
  #closed: Promise<void> | null = null;

  /**
   * Starts a daemon with an empty store.
   *
   * @param options The options of the daemon.
   * @throws {RangeError} If a quota, a limit or a probability is invalid.
   * @throws {TypeError} If an option has the wrong type or is unknown.
   */
  constructor(options: DaemonOptions = {}) {
    super(reporterOptions);
    checkDaemonOptions(options);
    const { clock = systemClock, quotas, domainExists, log, onIdle, pinnedMax } = options;
    this.#reports = new DaemonReports(this.reporter, clock);
    const faults = options.faults === undefined ? null : new Faults(options.faults);
    const observer = new Observer(clock, this.#log, faults, this.#reports);
    this.#store = new Store({
      clock,
      quotas,
      pinnedMax,
      domainExists,
      log: this.#reports.logTo(log),
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
    refuseClones(this);
  }

  /**
   * Starts a daemon whose store is persisted in a directory, which is made if it does not exist.
   *
   * The directory must belong to the user of this process, who alone may write in it. If the directory or its lock is
   * removed while the daemon runs, the daemon closes and calls {@linkcode KeepOptions.onFailed}.
   *
   * The store has all nodes, permissions and quotas of the previous run, whatever ended that run. Guests must be
   * introduced again. A guest finds its nodes, unless {@linkcode DaemonOptions.domainExists} tells that the domain does
   * not exist.
   *
   * @param directory The path of the directory.
   * @param options The options of the daemon, and how changes are synced.
   * @returns The daemon.
   * @throws {JournalError} If another daemon uses the directory (EBUSY), another user can change it (EPERM), a later
   *   version wrote it (ENOSYS), a file is corrupt (EIO), or the system refuses (its code).
   * @throws {RangeError} If an option is invalid, before anything is made.
   * @throws {TypeError} If an option has the wrong type or is unknown, before anything is made.
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
    const daemon = new Daemon(checkKeepOptions(options));
    const { clock = systemClock, sync, interval, onProblem, onFailed } = options;
    // On demand: the code for files takes longer to load than the rest of the daemon.
    const persistence = await import("./persistence/keeper.ts");
    const keeper = await persistence.Keeper.open(directory, {
      clock,
      sync,
      interval,
      onProblem: onProblem ?? ((error) => daemon.#reports.problem(error)),
      onFailed: (error) => {
        daemon.#reports.failed(error);
        // An error of closing reaches the caller of close().
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
   * Returns the store as a migration stream of Xen, which another daemon can import.
   *
   * The stream has the nodes, the quotas, and the introduced guests with their watches. Connections of domain 0 and
   * open transactions are left out. Source: `docs/designs/xenstore-migration.md` of Xen.
   *
   * @param version The version of the format: 2 since Xen 4.21, 1 before.
   * @returns The stream.
   * @throws {MigrationError} If the store does not fit the format.
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
    return this.#reports.run("exportStream", (advance) => exportStore(this.#store, version, advance));
  }

  /**
   * Imports a migration stream of Xen.
   *
   * A stream with the root replaces all nodes. A stream without it adds the nodes of a domain. Guests are introduced,
   * and set their watches again when they connect. If the import fails, nothing is changed.
   *
   * @param stream The stream.
   * @throws {MigrationError} If the stream is invalid.
   * @throws {JournalError} If the disk has no room.
   * @throws {RangeError} If a client is connected.
   * @throws {ConnectionError} If the daemon was closed.
   */
  importStream(stream: Uint8Array): void {
    this.#checkOpen("import a stream");
    if (this.#links.size > 0) throw new RangeError("cannot import a stream: a client is connected");
    this.#reports.run("importStream", (advance) => importStore(this.#store, stream, advance));
    this.#settle();
  }

  /**
   * Opens a connection within this process, as a transport for a client.
   *
   * Use `connect(daemon.connect())`, or `connect(() => daemon.connect())` for a client that connects again.
   *
   * @param options The domain that the connection acts for.
   * @returns The transport.
   * @throws {RangeError} If the domain is not introduced.
   * @throws {ConnectionError} If the daemon was closed.
   */
  connect(options: ConnectOptions = {}): Transport {
    const domid = checkedDomid("connect", options);
    return memoryLine((line) => this.#links.open(domid, line), this.#pace);
  }

  /**
   * Listens on a Unix socket, whose connections act for one domain. A daemon may listen on any number of sockets.
   *
   * The socket is accessible to its owner alone (mode 0600) from the first moment. A stale socket file is replaced. The
   * socket of a guest is closed when the guest is released or destroyed. Deno needs `--allow-net`, and `--allow-read`
   * and `--allow-write` of the directory, since the socket is bound under a temporary name.
   *
   * @param path The path, at most 107 bytes.
   * @param options The domain that the connections act for.
   * @returns The listening socket, to close it.
   * @throws {ConnectionError} If a daemon listens at the path, or another file has this name (`EADDRINUSE`); if the
   *   path is invalid (`EINVAL`); if the directory is missing or denied (`ENOENT`, `EACCES`); or if the daemon was
   *   closed.
   * @throws {RangeError} If the domain is not introduced.
   */
  async listen(path: string, options: ConnectOptions = {}): Promise<Listener> {
    const domid = checkedDomid("listen", options);
    this.#reports.enter("listen");
    const listener = await this.#sockets.open(path, domid);
    this.#reports.ready(path);
    return listener;
  }

  /**
   * Introduces a domain, as INTRODUCE does, and fires `@introduceDomain`.
   *
   * If the domain was introduced already, its connections end: the domain starts anew.
   *
   * @param domid The number of the domain.
   * @throws {RangeError} If the domain does not exist.
   * @throws {ConnectionError} If the daemon was closed.
   */
  introduceDomain(domid: number): void {
    checkDomid(domid);
    this.#checkOpen("introduce a domain");
    introduceDomain(this.#store, domid);
    this.#settle();
  }

  /**
   * Releases a domain, as RELEASE does, and fires `@releaseDomain`.
   *
   * The connections and sockets of the domain are closed, and its nodes are removed. If the release fails, nothing is
   * changed.
   *
   * @param domid The number of the domain.
   * @throws {RangeError} If the domain is not introduced.
   * @throws {JournalError} If the disk has no room.
   * @throws {ConnectionError} If the daemon was closed.
   */
  releaseDomain(domid: number): void {
    this.#checkOpen("release a domain");
    endDomain(this.#store, this.#guest("release", domid));
    this.#settle();
  }

  /**
   * Reports that a domain shut down or crashed, as the hypervisor would, and fires `@releaseDomain`.
   *
   * The event fires once until the domain resumes. The nodes and connections of the domain stay.
   *
   * @param domid The number of the domain.
   * @throws {RangeError} If the domain is not introduced.
   * @throws {ConnectionError} If the daemon was closed.
   */
  shutdownDomain(domid: number): void {
    this.#checkOpen("shut down a domain");
    shutDownDomain(this.#store, this.#guest("shut down", domid));
    this.#settle();
  }

  /**
   * Reports that a domain is gone, as the hypervisor would.
   *
   * The effect is that of {@linkcode releaseDomain}, whether or not the domain was introduced or another domain has its
   * number. Nothing happens if nothing is left of the domain. If the change cannot be persisted, the daemon closes and
   * calls {@linkcode KeepOptions.onFailed}, since the domain is gone in any case.
   *
   * @param domid The number of the domain.
   * @throws {ConnectionError} If the daemon was closed.
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
   * Logs every operation from now on.
   *
   * The log ends if its loop is left, if it is disposed of, if the signal is aborted, or if the daemon
   * closes. Until then it slows each request a little, whether or not it is read. A reader that is too slow receives
   * one overflow event with the number of lost operations.
   *
   * @param options How many operations may wait, and the signal that ends the log.
   * @returns An async iterator of the operations.
   * @throws {RangeError} If `limit` is not a whole number from 1.
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
   * Ends all connections, closes all sockets and removes their files. Closing twice is fine.
   *
   * The store is lost, unless a directory persists it, which another daemon may open then. If a part of this fails, the
   * rest is done all the same.
   *
   * @throws {Error} If a part of this failed: the first error.
   */
  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  /** As {@linkcode close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#reports.enter("close");
    this.closeReporting();
    const outcomes = await Promise.allSettled([
      this.#sockets.close(),
      attempt(() => this.#links.end()),
      attempt(() => this.#log.end()),
    ]);
    outcomes.push(...await Promise.allSettled([this.#keeper?.close()]));
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  }

  /** Completes a change that was not caused by a request: checks the backlogs and persists the change. */
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

/** Runs a function immediately. Its error becomes a rejection. */
function attempt(run: () => void): Promise<void> {
  return new Promise((resolve) => resolve(run()));
}
