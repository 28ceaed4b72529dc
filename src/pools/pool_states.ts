// The states of a pool as a backend: what is transferred between the directory of this host and the pool.

import { StateBackend, type StateRequest } from "./backend.ts";
import { unlessMissing } from "./condition.ts";
import { dependentsIn, type DependentsOf } from "./dependents.ts";
import type { StateErrorContext } from "./errors.ts";
import type { LockOptions } from "./lock.ts";
import { locatedStates } from "./location_of.ts";
import { withLock } from "./locked.ts";
import { isFaultOf, isSameHere } from "./mirror_faults.ts";
import type { StateFiles } from "./state_files.ts";
import { compareChain, transferChain, type TransferProgress } from "./transfer.ts";

/** The state of a pool that holds the object itself. */
const ROOT = "root";

/** The options of {@linkcode PoolStates}. */
export interface PoolStatesOptions {
  /** The states of this host. */
  readonly own: StateFiles;
  /** The states of the pool. */
  readonly pool: StateFiles;
  /**
   * How locks are taken.
   *
   * @default {}
   */
  readonly lock?: LockOptions | undefined;
  /**
   * Is told how far a transfer is.
   *
   * @default () => {}
   */
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined;
  /**
   * Tells which images of guests depend on a state of this host, beside those that were restored from it there. They
   * are asked for before a state of this host is replaced.
   *
   * @default () => []
   */
  readonly dependentsOf?: DependentsOf | undefined;
}

/** The states of a pool. Getting a state brings it to this host, and setting one brings it to the pool. */
export class PoolStates extends StateBackend {
  /** A state is replaced in one step, so there is no need to remove it first. */
  override readonly keepsExisting: boolean = true;
  readonly #own: StateFiles;
  readonly #pool: StateFiles;
  readonly #lock: LockOptions;
  readonly #dependentsOf: DependentsOf;
  readonly #onProgress: ((progress: TransferProgress) => void) | undefined;

  /**
   * Names both ends of the transfers.
   *
   * @param options Both ends, how locks are taken, and what is told of transfers.
   */
  constructor(options: PoolStatesOptions) {
    super();
    const { own, pool, lock = {}, onProgress, dependentsOf } = options;
    this.#own = own;
    this.#pool = locatedStates(pool);
    this.#lock = lock;
    this.#onProgress = onProgress;
    this.#dependentsOf = dependentsIn(own, dependentsOf);
  }

  /**
   * Lists the states of an object in the pool.
   *
   * @param request The object, the state, and what else the operation takes.
   * @returns The names, sorted.
   * @throws {RemoteError} If the host cannot be used.
   */
  override show({ object, signal }: StateRequest): Promise<string[]> {
    return this.#pool.until(signal).states(object);
  }

  /**
   * Brings a state from the pool to this host, with all that it depends on.
   *
   * @param request The object, the state, and what else the operation takes.
   * @throws {IntegrityError} If a file is damaged.
   * @throws {LockedStateError} If another process holds a lock until the timeout.
   * @throws {RemoteError} If the host cannot be used.
   * @throws {StateChangedError} If the condition is that the state exists, and the pool does not have it.
   * @throws {StateError} If a state is missing.
   * @throws {StateInUseError} If other states, or images of guests, depend on a content that would be replaced.
   */
  override async get(request: StateRequest): Promise<void> {
    await this.#bring(request, false);
  }

  /**
   * Brings a state as {@linkcode PoolStates.get} does, and replaces what is damaged on this host.
   *
   * @param request The object, the state, and what else the operation takes.
   * @throws {StateInUseError} If images of guests depend on a file that is damaged.
   */
  async repair(request: StateRequest): Promise<void> {
    await this.#bring(request, true);
  }

  async #bring(request: StateRequest, verify: boolean): Promise<void> {
    const { signal, skipLocks } = request;
    const context = contextOf("get", request);
    // This host is written to, so its locks are taken.
    const options = {
      signal,
      skipLocks,
      verify,
      lock: this.#lock,
      onProgress: this.#onProgress,
      dependentsOf: this.#dependentsOf,
    };
    await unlessMissing(
      request,
      async () => await this.#pool.until(signal).manifest(context.object, context.state) !== null,
      context,
      () => transferChain(this.#pool, this.#own, context, options),
    );
  }

  /**
   * Brings a state from this host to the pool, with all that it depends on.
   *
   * @param request The object, the state, and what else the operation takes.
   * @throws {IntegrityError} If a file is damaged.
   * @throws {LockedStateError} If another process holds a lock until the timeout.
   * @throws {RemoteError} If the host cannot be used.
   * @throws {StateChangedError} If the condition of the request does not hold.
   * @throws {StateError} If a state is missing.
   * @throws {StateInUseError} If other states of the pool depend on a content that would be replaced.
   */
  override async set(request: StateRequest): Promise<void> {
    const { signal, onlyIf } = request;
    const options = { signal, lock: this.#lock, onProgress: this.#onProgress, onlyIf };
    await transferChain(this.#own, this.#pool, contextOf("set", request), options);
  }

  /**
   * Removes a state from the pool.
   *
   * @param request The object, the state, and what else the operation takes.
   * @throws {LockedStateError} If another process holds the lock until the timeout.
   * @throws {RemoteError} If the host cannot be used.
   * @throws {StateChangedError} If the condition is that the state exists, and it does not.
   * @throws {StateError} If the state is missing.
   * @throws {StateInUseError} If others depend on it.
   */
  override async unset(request: StateRequest): Promise<void> {
    const context = contextOf("unset", request);
    const { signal } = request;
    await withLock(
      this.#pool,
      context,
      { ...this.#lock, signal },
      (ends, held) => this.#pool.until(ends).remove(context, request, held),
    );
  }

  /**
   * Tells whether the pool has the object itself, as the state `root`.
   *
   * @param request The object, the state, and what else the operation takes.
   * @returns Whether it does.
   * @throws {RemoteError} If the host cannot be used.
   */
  override async checkRoot({ object, signal }: StateRequest): Promise<boolean> {
    return await this.#pool.until(signal).manifest(object, ROOT) !== null;
  }

  /**
   * Brings the object itself to this host.
   *
   * @param request The object, the state, and what else the operation takes.
   * @throws {StateError} If the pool does not have it.
   */
  override async getRoot(request: StateRequest): Promise<void> {
    await this.get({ ...request, state: ROOT });
  }

  /**
   * Brings the object itself to the pool.
   *
   * @param request The object, the state, and what else the operation takes.
   * @throws {StateError} If this host does not have it.
   */
  override async setRoot(request: StateRequest): Promise<void> {
    await this.set({ ...request, state: ROOT });
  }

  /**
   * Removes the object itself from the pool.
   *
   * @param request The object, the state, and what else the operation takes.
   * @throws {StateError} If the pool does not have it.
   */
  override async unsetRoot(request: StateRequest): Promise<void> {
    await this.unset({ ...request, state: ROOT });
  }

  /**
   * Tells whether this host and the pool have the same object.
   *
   * @param request The object, the state, and what else the operation takes.
   * @returns Whether they do.
   * @throws {RemoteError} If the host cannot be used.
   */
  async isSameRoot(request: StateRequest): Promise<boolean> {
    return await this.isSame({ ...request, state: ROOT });
  }

  /**
   * Tells whether a state and all that it depends on are the same on this host and in the pool.
   *
   * @param request The object, the state, and what else the operation takes.
   * @returns Whether they are. A state that both lack is the same.
   * @throws {RemoteError} If the host cannot be used.
   */
  async isSame(request: StateRequest): Promise<boolean> {
    const { signal } = request;
    const context = contextOf("compare", request);
    return await isSameHere(
      this.#pool.files,
      compareChain(this.#own.until(signal), this.#pool.until(signal), context),
    );
  }

  /**
   * Tells whether an error of this object arose in the pool, and not on this host.
   *
   * @param error The error.
   * @returns Whether it did.
   */
  isFault(error: unknown): boolean {
    return isFaultOf(this.#pool.files, error);
  }
}

function contextOf(operation: string, { object, state }: StateRequest): StateErrorContext {
  return { operation, object, state };
}
