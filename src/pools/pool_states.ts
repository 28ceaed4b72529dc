// The states of a pool as a backend: what is transferred between the directory of this host and the pool.

import { StateBackend, type StateRequest } from "./backend.ts";
import type { StateErrorContext } from "./errors.ts";
import type { LockOptions } from "./lock.ts";
import { withLock } from "./locked.ts";
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
  /** How locks are taken. */
  readonly lock?: LockOptions | undefined;
  /** Is told how far a transfer is. */
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined;
}

/** The states of a pool. Getting a state brings it to this host, and setting one brings it to the pool. */
export class PoolStates extends StateBackend {
  override readonly keepsExisting: boolean = true;
  readonly #own: StateFiles;
  readonly #pool: StateFiles;
  readonly #lock: LockOptions;
  readonly #onProgress: ((progress: TransferProgress) => void) | undefined;

  /** Names both ends of the transfers. */
  constructor({ own, pool, lock = {}, onProgress }: PoolStatesOptions) {
    super();
    this.#own = own;
    this.#pool = pool;
    this.#lock = lock;
    this.#onProgress = onProgress;
  }

  override show({ object }: StateRequest): Promise<string[]> {
    return this.#pool.states(object);
  }

  override async get(request: StateRequest): Promise<void> {
    await this.#transfer(this.#pool, this.#own, contextOf("get", request), request);
  }

  override async set(request: StateRequest): Promise<void> {
    await this.#transfer(this.#own, this.#pool, contextOf("set", request), request);
  }

  override async unset(request: StateRequest): Promise<void> {
    const context = contextOf("unset", request);
    await withLock(this.#pool, context, { ...this.#lock, signal: request.signal }, () => this.#pool.remove(context));
  }

  override async checkRoot({ object }: StateRequest): Promise<boolean> {
    return await this.#pool.manifest(object, ROOT) !== null;
  }

  override async getRoot(request: StateRequest): Promise<void> {
    await this.get({ ...request, state: ROOT });
  }

  override async setRoot(request: StateRequest): Promise<void> {
    await this.set({ ...request, state: ROOT });
  }

  override async unsetRoot(request: StateRequest): Promise<void> {
    await this.unset({ ...request, state: ROOT });
  }

  /** Tells whether this host and the pool have the same object. */
  async isSameRoot(request: StateRequest): Promise<boolean> {
    return await this.isSame({ ...request, state: ROOT });
  }

  /** Tells whether a state and all that it depends on are the same on this host and in the pool. */
  async isSame(request: StateRequest): Promise<boolean> {
    return await compareChain(this.#own, this.#pool, contextOf("compare", request));
  }

  async #transfer(
    source: StateFiles,
    target: StateFiles,
    context: StateErrorContext,
    { signal, skipLocks }: StateRequest,
  ): Promise<void> {
    // A reader that skips locks still takes those of the directory that it writes.
    const lock = skipLocks && target === this.#pool ? null : this.#lock;
    await transferChain(source, target, context, { signal, lock, onProgress: this.#onProgress });
  }
}

function contextOf(operation: string, { object, state }: StateRequest): StateErrorContext {
  return { operation, object, state };
}
