// A domain of a list: what the list told of it, and its methods, which fail after its end.

import { type Path, pathText, type RequestOptions } from "../client/arguments.ts";
import type { Client } from "../client/client.ts";
import { InvalidPathError } from "../wire/errors.ts";
import { type DomainEnd, waitForEnd, type WaitForEndOptions } from "./end.ts";
import type { DomainConsole, DomainDevice, DomainFacts } from "./facts.ts";
import { DomainFlag, type FlagGroup } from "./flags.ts";
import { Life } from "./life.ts";
import { requestShutdown, type ShutdownAcknowledgement, type ShutdownKind, type ShutdownOptions } from "./shutdown.ts";
import type { DomainType } from "./sources.ts";
import type { DomainReason, DomainState } from "./states.ts";

/** How long a toolstack may take to start a domain again after a reboot, in milliseconds. */
const REBOOT_WITHIN = 60_000;

/**
 * A domain of {@linkcode listDomains}. Its fields are from the time of the list.
 *
 * An object outlives its domain: its methods then fail with a {@linkcode DomainEndedError}, also if the number has
 * passed to another domain.
 *
 * @example
 * ```ts
 * import { connect } from "tsxs";
 * import { listDomains } from "tsxs/domains";
 *
 * await using store = await connect("embedded:");
 * await store.write("/local/domain/5/name", "web");
 * await store.introduceDomain(5, 1, 1);
 * const [domain] = await listDomains(store);
 * await domain?.write("data/greeting", "hello");
 * console.log(await domain?.readText("data/greeting")); // hello
 * ```
 */
export class Domain implements DomainFacts {
  /** The number. `null` if the domain does not run. */
  readonly id: number | null;
  /** The name. `null` if the store has none. Bytes that are not UTF-8 are replaced by U+FFFD. */
  readonly name: string | null;
  /** The UUID, in small letters with dashes. `null` if it is not known. */
  readonly uuid: string | null;
  /** The title of the definition. `null` if it has no title. */
  readonly title: string | null;
  /** How the domain is virtualised. `null` if it is not known. */
  readonly type: DomainType | null;
  /** The memory that the domain should have now, in KiB. `null` if it is not known. */
  readonly memory: number | null;
  /** The most memory that the domain can have, in KiB. `null` if it is not known. */
  readonly maxMemory: number | null;
  /** The number of virtual CPUs that are online. `null` if it is not known. */
  readonly virtualCpus: number | null;
  /** The number of virtual CPUs that the domain can have. `null` if it is not known. */
  readonly maxVirtualCpus: number | null;
  /** The console. `null` if the domain has no console. */
  readonly console: DomainConsole | null;
  /** The devices, by kind and number. At most 1024: see {@linkcode hasMoreDevices}. */
  readonly devices: readonly DomainDevice[];
  /** Whether the store has more devices, or a directory of devices that is too long for one reply. */
  readonly hasMoreDevices: boolean;
  /** The state. */
  readonly state: DomainState;
  /** Why the domain is in the state. */
  readonly reason: DomainReason;
  /** The flags of {@linkcode DomainFlag} that fit the domain. A group has no flag if no source tells of it. */
  readonly flags: number;
  /** The evidence of each group of flags: a reply of the store, a file, or a program. */
  readonly evidence: Readonly<Partial<Record<FlagGroup, string>>>;
  readonly #client: Client;
  readonly #life: Life;
  #isRebooting = false;

  /**
   * For {@linkcode listDomains}.
   *
   * @internal
   */
  constructor(client: Client, facts: DomainFacts, vm: string | null) {
    this.id = facts.id;
    this.name = facts.name;
    this.uuid = facts.uuid;
    this.title = facts.title;
    this.type = facts.type;
    this.memory = facts.memory;
    this.maxMemory = facts.maxMemory;
    this.virtualCpus = facts.virtualCpus;
    this.maxVirtualCpus = facts.maxVirtualCpus;
    this.console = facts.console;
    this.devices = facts.devices;
    this.hasMoreDevices = facts.hasMoreDevices;
    this.state = facts.state;
    this.reason = facts.reason;
    this.flags = facts.flags;
    this.evidence = facts.evidence;
    this.#client = client;
    this.#life = new Life(client, facts.id, facts.name, vm);
  }

  /** Whether the domain had a number when it was listed. */
  get isActive(): boolean {
    return (this.flags & DomainFlag.active) !== 0;
  }

  /**
   * Reads the value of a node below the home of the domain.
   *
   * @param path The node, relative to the home: `"control/shutdown"`.
   * @param options The signal that ends the wait.
   * @returns The value.
   * @throws {DomainEndedError} If the domain has ended, or does not run.
   * @throws {InvalidPathError} If the path is not relative.
   * @throws {XenStoreError} If the node does not exist: ENOENT.
   */
  async read(path: Path, options: RequestOptions = {}): Promise<Uint8Array> {
    const node = this.#path("READ", path);
    return await this.#duringLife("READ", node, this.#client.read(node, options), options);
  }

  /**
   * Reads the value of a node below the home of the domain as UTF-8.
   *
   * @param path The node, relative to the home.
   * @param options The signal that ends the wait.
   * @returns The text.
   * @throws {DomainEndedError} If the domain has ended, or does not run.
   * @throws {InvalidPathError} If the path is not relative.
   * @throws {XenStoreError} If the node does not exist: ENOENT. If the value is not UTF-8: EILSEQ.
   */
  async readText(path: Path, options: RequestOptions = {}): Promise<string> {
    const node = this.#path("READ", path);
    return await this.#duringLife("READ", node, this.#client.readText(node, options), options);
  }

  /**
   * Writes the value of a node below the home of the domain, in a transaction that checks that the domain is the same.
   *
   * @param path The node, relative to the home.
   * @param value The value. Text is written as UTF-8.
   * @param options The signal that ends the wait.
   * @throws {DomainEndedError} If the domain has ended, or does not run.
   * @throws {InvalidPathError} If the path is not relative.
   * @throws {InvalidPayloadError} If path and value are too long.
   * @throws {ConflictError} If others wrote the node during every attempt.
   */
  async write(path: Path, value: string | Uint8Array, options: RequestOptions = {}): Promise<void> {
    const node = this.#path("WRITE", path);
    await this.#client.transact(async (transaction) => {
      await this.#life.check(transaction, "WRITE", options, node);
      await transaction.write(node, value, options);
    }, options);
  }

  /**
   * Lists the names of the children of a node below the home of the domain.
   *
   * @param path The node, relative to the home. Without it, the home.
   * @param options The signal that ends the wait.
   * @returns The names, in the order of the store.
   * @throws {DomainEndedError} If the domain has ended, or does not run.
   * @throws {InvalidPathError} If the path is not relative.
   * @throws {XenStoreError} If the node does not exist: ENOENT.
   */
  async list(path: Path = "", options: RequestOptions = {}): Promise<string[]> {
    const node = this.#path("DIRECTORY", path);
    return await this.#duringLife("DIRECTORY", node, this.#client.list(node, options), options);
  }

  /**
   * Asks the guest to shut down, and waits until it acknowledges the request. An acknowledgement is not the end: see
   * {@linkcode waitForEnd}.
   *
   * If `control/feature-KIND` is `"0"`, nothing is written. After a timeout, `"suspend"` is withdrawn, and any other
   * request stays written: a guest that is late still obeys.
   *
   * @param kind The shutdown.
   * @param options How long to wait, and the signal that ends the wait. If the signal ends the wait for a suspend, the
   *   request is withdrawn afterwards.
   * @returns What the guest acknowledged.
   * @throws {DomainEndedError} If the domain has ended, or does not run.
   * @throws {ShutdownUnsupportedError} If the guest says that it does not obey the request.
   * @throws {ShutdownTimeoutError} If the guest did not acknowledge the request in time.
   * @throws {RangeError} If `timeout` is invalid.
   * @throws {TypeError} If `kind` is unknown.
   *
   * @example
   * ```ts
   * import { connect } from "tsxs";
   * import { listDomains } from "tsxs/domains";
   *
   * await using store = await connect("embedded:");
   * await store.write("/local/domain/5/name", "web");
   * await store.introduceDomain(5, 1, 1);
   * const guest = store.waitFor("/local/domain/5/control/shutdown", (value) => value !== null)
   *   .then(() => store.write("/local/domain/5/control/shutdown", "")); // a guest acknowledges so
   * const [domain] = await listDomains(store);
   * console.log((await domain?.requestShutdown("poweroff"))?.kind); // poweroff
   * await guest;
   * ```
   */
  async requestShutdown(kind: ShutdownKind, options: ShutdownOptions = {}): Promise<ShutdownAcknowledgement> {
    if (kind === "reboot") this.#isRebooting = true;
    return await requestShutdown(this.#client, this.#life, kind, options);
  }

  /**
   * Waits until the store no longer communicates with the domain, or its home is gone.
   *
   * A reboot gives the domain a new number and leaves the UUID. The wait then goes on until the new domain is there.
   *
   * @param options How long to wait for a reboot, and the signal that ends the wait.
   * @returns Whether the domain was rebooted, and its new number.
   * @throws {DomainEndedError} If the domain did not run when it was listed.
   * @throws {ConnectionError} If the connection is lost for good, or the client is closed.
   * @throws {RangeError} If `rebootWithin` is invalid.
   *
   * @example
   * ```ts
   * import { connect } from "tsxs";
   * import { listDomains } from "tsxs/domains";
   *
   * await using store = await connect("embedded:");
   * await store.write("/local/domain/5/name", "web");
   * await store.introduceDomain(5, 1, 1);
   * const [domain] = await listDomains(store);
   * const end = domain?.waitForEnd();
   * await store.releaseDomain(5);
   * console.log((await end)?.type); // ended
   * ```
   */
  async waitForEnd(options: WaitForEndOptions = {}): Promise<DomainEnd> {
    const patience = this.#isRebooting ? REBOOT_WITHIN : 0;
    return await waitForEnd(this.#client, this.#life, this.uuid, patience, options);
  }

  #path(operation: string, path: Path): string {
    const text = pathText(path, operation);
    if (text.startsWith("/") || text.startsWith("@")) {
      throw new InvalidPathError("it is not relative to the domain's home", { operation, path: text });
    }
    const home = this.#life.home(operation, text);
    return text === "" ? home : `${home}/${text}`;
  }

  /** Returns the result of a request, if the domain was the same after it. */
  async #duringLife<T>(operation: string, path: string, request: Promise<T>, { signal }: RequestOptions): Promise<T> {
    const [result, hasHome] = await Promise.allSettled([request, this.#life.hasHome(this.#client, { signal })]);
    if (hasHome.status === "fulfilled" && !hasHome.value) throw this.#life.ended(operation, path);
    if (result.status === "rejected") throw result.reason;
    if (hasHome.status === "rejected") throw hasHome.reason;
    return result.value;
  }
}
