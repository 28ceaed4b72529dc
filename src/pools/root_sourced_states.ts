// The objects themselves, on this host and in a pool that several hosts share.

import { StateBackend, type StateRequest } from "./backend.ts";
import { StateError } from "./errors.ts";
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
}

/** The objects themselves, on this host and in a pool. States are those of this host. */
export class RootSourcedStates extends StateBackend {
  override readonly keepsExisting: boolean;
  readonly #own: StateBackend;
  readonly #pool: SharedRoots;
  readonly #countsShared: (object: string) => boolean;

  /** Names both places. */
  constructor({ own, pool, countsShared = () => true }: RootSourcedStatesOptions) {
    super();
    this.keepsExisting = own.keepsExisting;
    this.#own = own;
    this.#pool = pool;
    this.#countsShared = countsShared;
  }

  override show(request: StateRequest): Promise<string[]> {
    return this.#own.show(request);
  }

  override get(request: StateRequest): Promise<void> {
    return this.#own.get(request);
  }

  override set(request: StateRequest): Promise<void> {
    return this.#own.set(request);
  }

  override unset(request: StateRequest): Promise<void> {
    return this.#own.unset(request);
  }

  /** With the scope `own` alone, asks this host. Otherwise asks the pool, too. */
  override async checkRoot(request: StateRequest): Promise<boolean> {
    const isHere = await this.#own.checkRoot(request);
    if (isHere || isExactly(request, "own")) return isHere;
    return this.#countsShared(request.object) && await this.#pool.checkRoot(request);
  }

  /** Brings the object from the pool, unless this host has the same. The pool wins if they differ. */
  override async getRoot(request: StateRequest): Promise<void> {
    if (!request.scopes.includes("own")) return await this.#pool.getRoot(request);
    if (!isExactly(request, "own") && await this.#pool.checkRoot(request)) {
      const isSame = await this.#own.checkRoot(request) && await this.#pool.isSameRoot(request);
      if (!isSame) await this.#pool.getRoot(request);
    }
    await this.#own.getRoot(request);
  }

  /** Makes the object: on this host with the scope `own`, or in the pool, from that of this host, with `shared`. */
  override async setRoot(request: StateRequest): Promise<void> {
    if (isExactly(request, "own")) return await this.#own.setRoot(request);
    this.#checkShared("setRoot", request);
    if (!await this.#own.checkRoot(request)) {
      throw this.#error("setRoot", request, "this host does not have the object that the pool is to get");
    }
    await this.#pool.setRoot(request);
  }

  /** Removes the object: from this host with the scope `own`, or from the pool with `shared`. */
  override async unsetRoot(request: StateRequest): Promise<void> {
    if (isExactly(request, "own")) return await this.#own.unsetRoot(request);
    this.#checkShared("unsetRoot", request);
    await this.#pool.unsetRoot(request);
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
