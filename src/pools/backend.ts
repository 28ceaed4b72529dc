// The contract of a backend: what keeps the states of objects, and what is asked of it.

import type { StateCondition } from "./condition.ts";
import { NotImplementedError } from "./errors.ts";
import type { PolicyOperation } from "./policies.ts";
import type { Scope } from "./scopes.ts";

/** What a backend is asked for. */
export interface StateRequest extends StateCondition {
  /** The object, such as `"guest"` or `"guest/disk"`. */
  readonly object: string;
  /** The name of the state. Empty if the request concerns the object as a whole. */
  readonly state: string;
  /** The scopes that take part, for backends with several sources. */
  readonly scopes: readonly Scope[];
  /** Whether a reader does not wait for locks. */
  readonly skipLocks: boolean;
  /** Ends the operation, with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * What keeps the states of objects. An operation that no class replaces fails with a
 * {@linkcode NotImplementedError}. {@linkcode StateBackend.getRoot} does nothing.
 *
 * The root of an object is the object itself, without a state: a path that exists in the store, or an image that
 * exists on disk.
 *
 * @example
 * ```ts
 * import { checkStates, StateBackend, type StateRequest } from "tsxs/pools";
 *
 * class Fixed extends StateBackend {
 *   override checkRoot(): Promise<boolean> {
 *     return Promise.resolve(true);
 *   }
 *
 *   override show({ object }: StateRequest): Promise<string[]> {
 *     return Promise.resolve(object === "guest" ? ["clean"] : []);
 *   }
 * }
 * console.log(await checkStates(new Fixed(), [{ object: "guest", state: "clean" }])); // true
 * ```
 */
export abstract class StateBackend {
  /**
   * Whether {@linkcode setStates} keeps an existing state until the new one takes its place, because other states may
   * depend on it. Otherwise the existing state is removed first.
   *
   * @default false
   */
  readonly keepsExisting: boolean = false;

  /**
   * Lists the states of an object.
   *
   * @param request The object.
   * @returns The names of the states.
   */
  show(request: StateRequest): Promise<string[]> {
    return this.#reject("show", request);
  }

  /**
   * Puts an object into a state.
   *
   * @param request The object and the state.
   */
  get(request: StateRequest): Promise<void> {
    return this.#reject("get", request);
  }

  /**
   * Keeps the present condition of an object as a state.
   *
   * @param request The object and the state.
   */
  set(request: StateRequest): Promise<void> {
    return this.#reject("set", request);
  }

  /**
   * Removes a state.
   *
   * @param request The object and the state.
   */
  unset(request: StateRequest): Promise<void> {
    return this.#reject("unset", request);
  }

  /**
   * Tells whether the object itself exists.
   *
   * @param request The object.
   * @returns Whether it exists.
   */
  checkRoot(request: StateRequest): Promise<boolean> {
    return this.#reject("checkRoot", request);
  }

  /**
   * Makes an existing object ready. Most backends have nothing to do.
   *
   * @param _request The object.
   */
  getRoot(_request: StateRequest): Promise<void> {
    return Promise.resolve();
  }

  /**
   * Makes the object.
   *
   * @param request The object.
   */
  setRoot(request: StateRequest): Promise<void> {
    return this.#reject("setRoot", request);
  }

  /**
   * Removes the object.
   *
   * @param request The object.
   */
  unsetRoot(request: StateRequest): Promise<void> {
    return this.#reject("unsetRoot", request);
  }

  /**
   * Tells whether a state exists, for an operation that a policy may then allow. By default, it looks for the state in
   * what {@linkcode StateBackend.show} lists.
   *
   * @param request The object and the state.
   * @param _operation The operation. A backend with several sources may answer differently for each.
   * @returns Whether the state exists.
   */
  async has(request: StateRequest, _operation: PolicyOperation): Promise<boolean> {
    return (await this.show({ ...request, state: "" })).includes(request.state);
  }

  /**
   * Removes a state that the last {@linkcode StateBackend.set} with this very request has made.
   *
   * A backend with several sources asks for that if another source has a state of that name. A state that was replaced
   * since then stays. If a backend lacks this method, the state stays, and the error of the operation says so.
   *
   * @param request The request that `set` was called with.
   */
  takeBack(request: StateRequest): Promise<void> {
    return this.#reject("takeBack", request);
  }

  #reject(operation: string, { object, state }: StateRequest): Promise<never> {
    return Promise.reject(new NotImplementedError({ operation, object, state }));
  }
}
