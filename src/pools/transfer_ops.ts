// The operations of transfers by the kind of their location: a directory, links to one, or a directory of another host.

import { Progress, progressClock } from "../events/progress.ts";
import { Reported } from "../events/reported.ts";
import type { StateCondition } from "./condition.ts";
import { dependentsIn } from "./dependents.ts";
import type { StateErrorContext } from "./errors.ts";
import { Hosts } from "./hosts.ts";
import {
  checkLinkUnused,
  checkNoLinks,
  compareLink,
  downloadAllLinks,
  downloadLink,
  linkedStates,
  uploadLink,
} from "./links.ts";
import { type Location, parseLocation } from "./location.ts";
import { StateFiles } from "./state_files.ts";
import { withLock } from "./locked.ts";
import { checkTransferOptions, compareChain, transferChain, type TransferOptions } from "./transfer.ts";
import { CONCURRENT, type Lane, transferAll } from "./transfer_all.ts";

/** A state, and the location of its pool. */
export interface TransferRequest {
  /** The location, as {@linkcode parseLocation} takes it. */
  readonly location: string;
  /** The object, such as `"guest"`. */
  readonly object: string;
  /** The name of the state. */
  readonly state: string;
  /**
   * Ends the operation, with the signal's reason. States that have arrived by then stay.
   *
   * @default the signal that the constructor was given
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * Whether a download or an upload neither awaits nor takes locks of the end that it reads. The error is an
   * {@linkcode IntegrityError} if another process replaces the state then.
   *
   * @default what the constructor was given
   */
  readonly skipLocks?: boolean | undefined;
  /**
   * Whether a transfer reads the files that the target has, and replaces damaged ones. Otherwise their sizes count.
   *
   * @default false
   */
  readonly verify?: boolean | undefined;
}

/** Many states of an object, and the location of their pool. */
export interface TransferAllRequest extends Omit<TransferRequest, "state" | "verify"> {
  /**
   * The names of the states.
   *
   * @default all states that the end has from which they are brought
   */
  readonly states?: readonly string[] | undefined;
}

/** So many states that are transferred concurrently share a connection. */
const STATES_PER_LANE = 8;

/** The operations that report progress, with the numbers that their events carry. A client uses lower numbers. */
const LONG_OPERATIONS = { download: 1100, upload: 1101, delete: 1102 } as const;

/** Which method carries out an operation, by the type of the location. */
type Kind = Location["type"];

/**
 * Transfers states between a directory of this host, which is called the cache, and pools.
 *
 * A chain is transferred as a whole: a state with all states that it depends on, parents first. `downloadAll` and
 * `uploadAll` transfer many states concurrently. Downloads and uploads report their progress in bytes. While a lock is
 * awaited, the progress is 0 of 1.
 *
 * @example
 * ```ts
 * import { mkdtemp } from "node:fs/promises";
 * import { TransferOps } from "tsxs/pools";
 *
 * const directory = await mkdtemp("/tmp/pools-");
 * await using ops = new TransferOps(`${directory}/cache`);
 * console.log(await ops.list(`${directory}/pool`, "guest")); // []
 * ```
 */
export class TransferOps extends Reported implements AsyncDisposable {
  readonly #cache: string;
  readonly #hosts: Hosts;
  readonly #options: TransferOptions;
  #serial = 0;
  #isOpen = true;

  /**
   * Names the cache.
   *
   * @param cache The absolute path of the directory of this host.
   * @param hosts The connections to other hosts.
   * @param options How locks are taken, how many states are transferred concurrently, the signal that ends transfers,
   *   and what is told of their progress.
   * @throws {RangeError} If `concurrency` or `stride` is not a positive integer, or a time of the locks is invalid.
   */
  constructor(cache: string, hosts: Hosts = new Hosts(), options: TransferOptions = {}) {
    super();
    checkTransferOptions(options);
    this.#cache = cache;
    this.#hosts = hosts;
    this.#options = options;
  }

  /**
   * Lists the states of an object in a pool.
   *
   * @param location The location of the pool.
   * @param object The object.
   * @param options The signal that ends the operation, in place of that of the constructor.
   * @returns The names, sorted. The array is empty if the pool does not exist.
   * @throws {RangeError} If the location is invalid.
   * @throws {RemoteError} If the host cannot be used.
   */
  list(
    location: string,
    object: string,
    { signal = this.#options.signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<string[]> {
    return this.#hosts.states(parseLocation(location)).until(signal).states(object);
  }

  /**
   * Tells whether the cache and a pool have the same state, with all that it depends on.
   *
   * @param request The location, the object and the state.
   * @returns Whether they are the same. A state that both lack is the same.
   * @throws {IntegrityError} If a manifest is damaged.
   * @throws {RangeError} If the location is invalid.
   * @throws {RemoteError} If the host cannot be used.
   */
  compare(request: TransferRequest): Promise<boolean> {
    const { own, pool, context, signal } = this.#ends("compare", request);
    const compare = { local: compareChain, ssh: compareChain, link: compareLink }[own.kind];
    return compare(own.states.until(signal), pool.until(signal), context);
  }

  /**
   * Brings a state from a pool to the cache, or links to it.
   *
   * @param request The location, the object and the state.
   * @throws {IntegrityError} If a file is damaged.
   * @throws {RangeError} If the location is invalid.
   * @throws {RemoteError} If the host cannot be used.
   * @throws {StateError} If a state of the chain is missing.
   * @throws {StateInUseError} If states of the cache, or images of guests, depend on a content that would be replaced.
   */
  async download(request: TransferRequest): Promise<void> {
    const { own, pool, context } = this.#ends("download", request);
    const how = { dependentsOf: dependentsIn(own.states, this.#options.dependentsOf), verify: request.verify };
    const transfer = own.kind === "link" ? downloadLink : transferFrom;
    await this.#tracked("download", request, (options) => transfer(own.states, pool, context, { ...options, ...how }));
  }

  /**
   * Brings a state from the cache to a pool.
   *
   * @param request The location, the object and the state, and whether the pool must have it or lack it before.
   * @throws {IntegrityError} If a file is damaged.
   * @throws {RangeError} If the location is invalid.
   * @throws {RemoteError} If the host cannot be used.
   * @throws {StateChangedError} If the condition does not hold in the pool.
   * @throws {StateError} If a state of the chain is missing, or is a link.
   * @throws {StateInUseError} If other states of the pool depend on a content that would be replaced.
   */
  async upload(request: TransferRequest & StateCondition): Promise<void> {
    const { own, pool, context } = this.#ends("upload", request);
    const transfer = { local: transferChain, ssh: transferChain, link: uploadLink }[own.kind];
    const how = { dependentsOf: undefined, onlyIf: request.onlyIf, verify: request.verify };
    await this.#tracked("upload", request, (options) => transfer(own.states, pool, context, { ...options, ...how }));
  }

  /**
   * Brings many states from a pool to the cache, or links to them.
   *
   * Independent states are transferred concurrently. A state whose transfer fails does not end the other transfers.
   *
   * @param request The location, the object, and the states if not all are meant.
   * @throws {RangeError} If the location is invalid.
   * @throws {RemoteError} If the host cannot be used.
   * @throws {TransfersError} If some states failed, such as those on whose images something of this host depends.
   *
   * @example
   * ```ts
   * import { mkdtemp } from "node:fs/promises";
   * import { TransferOps } from "tsxs/pools";
   *
   * const directory = await mkdtemp("/tmp/pools-");
   * await using ops = new TransferOps(`${directory}/cache`);
   * await ops.downloadAll({ location: `${directory}/pool`, object: "guest" });
   * ```
   */
  async downloadAll({ states, ...request }: TransferAllRequest): Promise<void> {
    const { own, pool, context, signal, location } = this.#ends("download", { ...request, state: "" });
    const dependentsOf = dependentsIn(own.states, this.#options.dependentsOf);
    const names = states ?? await pool.until(signal).states(request.object);
    const lanes = this.#lanes(names, (lane) => ({ source: this.#hosts.states(location, lane), target: own.states }));
    await this.#tracked(
      "download",
      request,
      (options) =>
        own.kind === "link"
          ? downloadAllLinks(own.states, pool, names, context, { ...options, dependentsOf })
          : transferAll(lanes, names, context, { ...options, dependentsOf }),
    );
  }

  /**
   * Brings many states from the cache to a pool.
   *
   * Independent states are transferred concurrently. A state whose transfer fails does not end the other transfers.
   *
   * @param request The location, the object, and the states if not all are meant.
   * @throws {RangeError} If the location is invalid.
   * @throws {RemoteError} If the host cannot be used.
   * @throws {StateError} If a state is a link.
   * @throws {TransfersError} If some states failed.
   *
   * @example
   * ```ts
   * import { mkdtemp } from "node:fs/promises";
   * import { TransferOps } from "tsxs/pools";
   *
   * const directory = await mkdtemp("/tmp/pools-");
   * await using ops = new TransferOps(`${directory}/cache`);
   * await ops.uploadAll({ location: `${directory}/pool`, object: "guest" });
   * ```
   */
  async uploadAll({ states, ...request }: TransferAllRequest): Promise<void> {
    const { own, context, signal, location } = this.#ends("upload", { ...request, state: "" });
    const local = own.states.until(signal);
    const names = states ?? await local.states(request.object);
    if (own.kind === "link") { for (const state of names) await checkNoLinks(local, { ...context, state }); }
    const lanes = this.#lanes(names, (lane) => ({ source: own.states, target: this.#hosts.states(location, lane) }));
    await this.#tracked(
      "upload",
      request,
      (options) => transferAll(lanes, names, context, { ...options, dependentsOf: undefined }),
    );
  }

  /**
   * Removes a state from a pool.
   *
   * @param request The location, the object and the state, and whether the pool must have it before.
   * @throws {RangeError} If the location is invalid.
   * @throws {RemoteError} If the host cannot be used.
   * @throws {StateChangedError} If the condition is that the state exists, and it does not.
   * @throws {StateError} If the state does not exist.
   * @throws {StateInUseError} If others depend on it, or images of guests do by links.
   */
  async delete(request: TransferRequest & StateCondition): Promise<void> {
    const { own, pool, context, signal } = this.#ends("delete", request);
    if (own.kind === "link") await checkLinkUnused(own.states, context, this.#options.dependentsOf);
    await this.#tracked("delete", request, async ({ lock }) => {
      if (lock === null) return await pool.until(signal).remove(context, request);
      await withLock(pool, context, { ...lock, signal }, (ends, held) => {
        return pool.until(ends).remove(context, request, held);
      });
    });
  }

  /**
   * Closes the connections to other hosts.
   *
   * @returns Resolves when all are closed.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isOpen) this.closeReporting();
    this.#isOpen = false;
    await this.#hosts.close();
  }

  /** Returns the connections by which so many states are transferred. */
  #lanes(states: readonly string[], lane: (lane: number) => Lane): readonly [Lane, ...Lane[]] {
    const { concurrency = CONCURRENT } = this.#options;
    const count = Math.ceil(Math.min(states.length, concurrency) / STATES_PER_LANE);
    const others = Array.from({ length: Math.min(count, this.#hosts.connections) - 1 }, (_, i) => lane(i + 1));
    return [lane(0), ...others];
  }

  /** Runs an operation whose progress is told as events. */
  async #tracked(
    operation: keyof typeof LONG_OPERATIONS,
    { signal = this.#options.signal, skipLocks = this.#options.skipLocks }: TransferAllRequest,
    run: (options: TransferOptions) => Promise<unknown>,
  ): Promise<void> {
    const { lock, onProgress } = this.#options;
    const source = { operationNumber: LONG_OPERATIONS[operation], operation, serial: ++this.#serial };
    const progress = new Progress(this.reporter, source, progressClock);
    try {
      await run({
        ...this.#options,
        signal,
        skipLocks,
        lock: lock === null ? null : {
          ...lock,
          onWait: (status, waited) => {
            progress.pulse();
            lock?.onWait?.(status, waited);
          },
        },
        onProgress: (at) => {
          progress.advance(at.position, at.total);
          onProgress?.(at);
        },
      });
      progress.done();
    } catch (error) {
      progress.fail();
      throw error;
    }
  }

  #ends(operation: string, request: TransferRequest): {
    readonly own: { readonly kind: Kind; readonly states: StateFiles };
    readonly pool: StateFiles;
    readonly context: StateErrorContext;
    readonly signal: AbortSignal | undefined;
    readonly location: Location;
  } {
    const { location: text, object, state, signal = this.#options.signal } = request;
    const location = parseLocation(text);
    const states = location.type === "link" ? linkedStates(this.#cache, location.path) : StateFiles.local(this.#cache);
    return {
      own: { kind: location.type, states },
      pool: this.#hosts.states(location),
      context: { operation, object, state },
      signal,
      location,
    };
  }
}

/** Brings a state from the pool. */
async function transferFrom(...[own, pool, context, options]: Parameters<typeof transferChain>): Promise<unknown> {
  return await transferChain(pool, own, context, options);
}
