// The objects themselves, on this host and in a pool that several hosts share.

import { StateBackend, type StateRequest } from "./backend.ts";
import { StateError, StateInUseError } from "./errors.ts";
import type { PolicyOperation } from "./policies.ts";
import type { Scope } from "./scopes.ts";

/** What the pool does with an object itself. */
export type SharedRoots = Pick<StateBackend, "checkRoot" | "getRoot" | "setRoot" | "unsetRoot"> & {
  /** Tells whether this host and the pool have the same. */
  isSameRoot(request: StateRequest): Promise<boolean>;
};

/** The options of {@linkcode RootSourcedStates}. */
export interface RootSourcedStatesOptions {
  /** The objects of this host, and their states. */
  readonly own: StateBackend;
  /** The objects of the pool. */
  readonly pool: SharedRoots;
  /**
   * Tells whether an object counts as existing if the pool alone has it.
   *
   * @default () => true
   */
  readonly countsShared?: ((object: string) => boolean) | undefined;
  /**
   * Is told why the pool could not be used, so that the object of this host is used as it is.
   *
   * @default () => {}
   */
  readonly onSkipped?: ((error: unknown) => void) | undefined;
}

/** The objects themselves, on this host and in a pool. States are those of this host. */
export class RootSourcedStates extends StateBackend {
  /** What the states of this host say. */
  override readonly keepsExisting: boolean;
  readonly #own: StateBackend;
  readonly #pool: SharedRoots;
  readonly #countsShared: (object: string) => boolean;
  readonly #onSkipped: (error: unknown) => void;

  /**
   * Names both places.
   *
   * @param options Both places, which objects of the pool count, and what is told of a pool that fails.
   */
  constructor(options: RootSourcedStatesOptions) {
    super();
    const { own, pool, countsShared = () => true, onSkipped = () => {} } = options;
    this.keepsExisting = own.keepsExisting;
    this.#own = own;
    this.#pool = pool;
    this.#countsShared = countsShared;
    this.#onSkipped = onSkipped;
  }

  /**
   * Lists the states of an object on this host.
   *
   * @param request The object, the state, and what else the operation takes.
   * @returns The names.
   */
  override show(request: StateRequest): Promise<string[]> {
    return this.#own.show(request);
  }

  /**
   * Puts the object into a state of this host.
   *
   * @param request The object, the state, and what else the operation takes.
   */
  override get(request: StateRequest): Promise<void> {
    return this.#own.get(request);
  }

  /**
   * Keeps a state on this host.
   *
   * @param request The object, the state, and what else the operation takes.
   */
  override set(request: StateRequest): Promise<void> {
    return this.#own.set(request);
  }

  /**
   * Removes a state from this host.
   *
   * @param request The object, the state, and what else the operation takes.
   */
  override unset(request: StateRequest): Promise<void> {
    return this.#own.unset(request);
  }

  /**
   * Tells whether a state of this host exists.
   *
   * @param request The object, the state, and what else the operation takes.
   * @param operation The operation.
   * @returns Whether it does.
   */
  override has(request: StateRequest, operation: PolicyOperation): Promise<boolean> {
    return this.#own.has(request, operation);
  }

  /**
   * Removes a state of this host that `set` has made, as a backend with several sources asks for.
   *
   * @param request The request that `set` was called with.
   */
  override takeBack(request: StateRequest): Promise<void> {
    return this.#own.takeBack(request);
  }

  /**
   * Asks this host with the scope `own` alone, and otherwise the pool, too.
   *
   * @param request The object, the state, and what else the operation takes.
   * @returns Whether the object exists.
   */
  override async checkRoot(request: StateRequest): Promise<boolean> {
    const isHere = await this.#own.checkRoot(request);
    if (isHere || isExactly(request, "own")) return isHere;
    return this.#countsShared(request.object) && await this.#pool.checkRoot(request);
  }

  /**
   * Brings the object from the pool, unless this host has the same. The pool wins if they differ. If the pool fails, an
   * object that this host has is used as it is, unless `own` is not permitted.
   *
   * @param request The object, the state, and what else the operation takes.
   * @throws {StateInUseError} If something depends on another content that this host has.
   */
  override async getRoot(request: StateRequest): Promise<void> {
    if (!request.scopes.includes("own")) return await this.#pool.getRoot(request);
    if (!isExactly(request, "own")) await this.#bring(request);
    await this.#own.getRoot(request);
  }

  /**
   * Makes the object: on this host with the scope `own`, or in the pool, from that of this host, with `shared`.
   *
   * @param request The object, the state, and what else the operation takes.
   * @throws {StateError} If this host lacks the object, or the scopes are others.
   */
  override async setRoot(request: StateRequest): Promise<void> {
    if (isExactly(request, "own")) return await this.#own.setRoot(request);
    this.#checkShared("setRoot", request);
    if (!await this.#own.checkRoot(request)) {
      throw this.#error("setRoot", request, "this host does not have the object that the pool is to get");
    }
    await this.#pool.setRoot(request);
  }

  /**
   * Removes the object: from this host with the scope `own`, or from the pool with `shared`.
   *
   * @param request The object, the state, and what else the operation takes.
   * @throws {StateError} If the scopes are others.
   */
  override async unsetRoot(request: StateRequest): Promise<void> {
    if (isExactly(request, "own")) return await this.#own.unsetRoot(request);
    this.#checkShared("unsetRoot", request);
    await this.#pool.unsetRoot(request);
  }

  async #bring(request: StateRequest): Promise<void> {
    try {
      if (!await this.#pool.checkRoot(request)) return;
      const isSame = await this.#own.checkRoot(request) && await this.#pool.isSameRoot(request);
      if (!isSame) await this.#pool.getRoot(request);
    } catch (error) {
      request.signal?.throwIfAborted();
      if (error instanceof StateInUseError || !await this.#own.checkRoot(request)) throw error;
      this.#onSkipped(error);
    }
  }

  #checkShared(operation: string, request: StateRequest): void {
    if (isExactly(request, "shared")) return;
    const scopes = JSON.stringify(request.scopes);
    throw this.#error(operation, request, `the scopes are ${scopes}: expected "own" alone, or "shared" alone`);
  }

  #error(operation: string, { object }: StateRequest, fault: string): StateError {
    return new StateError(fault, { operation, object, state: "" });
  }
}

function isExactly({ scopes }: StateRequest, scope: Scope): boolean {
  return scopes.length === 1 && scopes[0] === scope;
}
