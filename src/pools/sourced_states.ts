// States of this host and of mirrors: the nearest permitted mirror gives a state, and all permitted mirrors take it.

import { StateBackend, type StateRequest } from "./backend.ts";
import {
  type MirrorFailure,
  MirrorsError,
  StateChangedError,
  StateError,
  type StateErrorContext,
  StateInUseError,
} from "./errors.ts";
import type { PolicyOperation } from "./policies.ts";
import { nearestFirst, type OwnPlace, type Place, type Scope, scopeOf } from "./scopes.ts";
import { RemoteError } from "./sftp/errors.ts";

/** A mirror of the states of this host. */
export interface Mirror extends Place {
  /** What transfers states between this host and the mirror. */
  readonly states: MirrorStates;
}

/**
 * What a mirror does. `set` and `unset` check the condition `onlyIf` of their request while they hold the lock of the
 * state. {@linkcode mirrorStates} makes the mirror of a location.
 */
export type MirrorStates = Pick<StateBackend, "show" | "get" | "set" | "unset"> & {
  /** Tells whether a state and all that it depends on are the same on this host and at the mirror. */
  isSame(request: StateRequest): Promise<boolean>;
};

/** The options of {@linkcode SourcedStates}. */
export interface SourcedStatesOptions {
  /** The states of this host. */
  readonly own: StateBackend;
  /** The place of this host, and the shared directory. */
  readonly place: OwnPlace;
  /** The mirrors. */
  readonly mirrors: readonly Mirror[];
  /**
   * Is told that a mirror could not be asked for a state, or could not give it, so that the next one was asked.
   *
   * @default () => {}
   */
  readonly onSkipped?: ((failure: MirrorFailure) => void) | undefined;
}

/** States of this host and of mirrors. */
export class SourcedStates extends StateBackend {
  /** A state is replaced in one step, so there is no need to remove it first. */
  override readonly keepsExisting: boolean = true;
  readonly #own: StateBackend;
  readonly #mirrors: readonly { readonly mirror: Mirror; readonly scope: Scope }[];
  readonly #onSkipped: (failure: MirrorFailure) => void;
  /** The mirrors that failed when they were asked whether a state exists. The operation does not ask them again. */
  readonly #failed = new WeakMap<StateRequest, ReadonlyMap<Mirror, MirrorFailure>>();

  /**
   * Sorts the mirrors by how near they are.
   *
   * @param options The states of this host, its place, and the mirrors.
   */
  constructor(options: SourcedStatesOptions) {
    super();
    const { own, place, mirrors, onSkipped = () => {} } = options;
    this.#own = own;
    this.#mirrors = nearestFirst(mirrors, place).map((mirror) => ({ mirror, scope: scopeOf(mirror, place) }));
    this.#onSkipped = onSkipped;
  }

  /**
   * Lists the states of this host, and those that all permitted mirrors have.
   *
   * @param request The object, the state, and what else the operation takes.
   * @returns The names.
   */
  override async show(request: StateRequest): Promise<string[]> {
    const found = new Set(request.scopes.includes("own") ? await this.#own.show(request) : []);
    const [first, ...others] = this.#permitted(request);
    if (first === undefined) return [...found];
    let common = await first.states.show(request);
    for (const mirror of others) {
      const states = new Set(await mirror.states.show(request));
      common = common.filter((state) => states.has(state));
    }
    return [...new Set([...found, ...common])];
  }

  /**
   * Tells whether any permitted place has a state. Mirrors that fail are skipped.
   *
   * The next operation with this very request does not use the mirrors that have failed here.
   *
   * @param request The object, the state, and what else the operation takes.
   * @param operation The operation.
   * @returns Whether a place has the state. False means that every permitted place was asked.
   * @throws {MirrorsError} If no place has the state, as far as they can be asked, and some mirrors failed.
   * @throws {StateError} If the scopes permit no place.
   */
  override async has(request: StateRequest, operation: PolicyOperation): Promise<boolean> {
    const mirrors = this.#places(operation, request);
    if (request.scopes.includes("own") && await this.#own.has(request, operation)) return true;
    const failed = new Map<Mirror, MirrorFailure>();
    this.#failed.set(request, failed);
    for (const mirror of mirrors) {
      try {
        if (!await hasState(mirror, request)) continue;
        const isReader = operation === "get" || operation === "check";
        if (isReader) { for (const failure of failed.values()) this.#onSkipped(failure); }
        return true;
      } catch (error) {
        request.signal?.throwIfAborted();
        failed.set(mirror, failureOf(mirror, error));
      }
    }
    if (failed.size === 0) return false;
    throw new MirrorsError(operation, request, [...failed.values()], NOWHERE_ELSE);
  }

  /**
   * Brings a state from the nearest permitted mirror that has it and can be reached.
   *
   * Nothing is brought if this host has the same. Then the object is put into that state, if the scope `own` is
   * permitted.
   *
   * @param request The object, the state, and what else the operation takes.
   * @throws {MirrorsError} If no place has the state, as far as they can be asked, and some mirrors failed.
   * @throws {StateError} If the state is nowhere, or the scopes permit no place.
   * @throws {StateInUseError} If something depends on another content that this host has under the name.
   */
  override async get(request: StateRequest): Promise<void> {
    const known = this.#takeFailed(request);
    const failures = [...known.values()];
    let isBrought = false;
    for (const mirror of this.#places("get", request)) {
      if (known.has(mirror)) continue;
      const outcome = await this.#bring(mirror, request);
      if (typeof outcome === "object") failures.push(outcome);
      isBrought = outcome === true;
      if (isBrought) break;
    }
    const isOwn = request.scopes.includes("own");
    if (!isBrought && failures.length > 0 && !(isOwn && await this.#own.has(request, "get"))) {
      throw new MirrorsError("get", request, failures, NOWHERE_ELSE);
    }
    if (isOwn) await this.#own.get(request);
    else if (!isBrought) throw nowhere("get", request);
  }

  /**
   * Keeps a state on this host, if the scope `own` is permitted, and brings it to all permitted mirrors.
   *
   * If the condition `onlyIf` is `missing`, it is checked at each place while the state is locked there. If the first
   * mirror that can be reached has the state, nothing is kept.
   *
   * @param request The object, the state, and what else the operation takes.
   * @throws {MirrorsError} If some mirrors failed. All others have the state.
   * @throws {StateChangedError} If the condition does not hold.
   * @throws {StateError} If this host does not have the state, or the scopes permit no place.
   */
  override async set(request: StateRequest): Promise<void> {
    const mirrors = this.#places("set", request);
    const isOwn = request.scopes.includes("own");
    // A state exists if any place has it, so that one of several cannot tell.
    const isOneOfMany = request.onlyIf === "exists" && mirrors.length + (isOwn ? 1 : 0) > 1;
    const passed: StateRequest = isOneOfMany ? { ...request, onlyIf: undefined } : request;
    if (isOwn) await this.#own.set(passed);
    else if (!await this.#own.has({ ...request, scopes: ["own"] }, "get")) {
      throw new StateError("this host does not have the state that the mirrors are to get", contextOf("set", request));
    }
    let isTaken = false;
    await this.#each("set", request, async (mirror) => {
      try {
        await mirror.states.set(passed);
      } catch (error) {
        if (!(error instanceof StateChangedError)) throw error;
        // Two mirrors may be one directory.
        if (isTaken && await mirror.states.isSame(request)) return;
        const isUndone = !isTaken && (!isOwn || await this.#own.takeBack(passed).then(() => true, () => false));
        throw isUndone ? new Undone(error) : error;
      }
      isTaken = true;
    });
  }

  /**
   * Removes a state from this host, if the scope `own` is permitted, and from all permitted mirrors. A place that does
   * not have the state is no failure.
   *
   * @param request The object, the state, and what else the operation takes.
   * @throws {MirrorsError} If some mirrors failed. All others do not have the state any more.
   * @throws {StateChangedError} If the condition is that the state exists, and no place has it.
   * @throws {StateError} If no place has the state, or the scopes permit no place.
   */
  override async unset(request: StateRequest): Promise<void> {
    this.#places("unset", request);
    let isRemoved = request.scopes.includes("own") && await remove(this.#own, request);
    await this.#each("unset", request, async ({ states }) => {
      if (await remove(states, request)) isRemoved = true;
    });
    if (!isRemoved) throw nowhere("unset", request);
  }

  /**
   * Tells whether this host has the object itself.
   *
   * @param request The object, the state, and what else the operation takes.
   * @returns Whether it does.
   */
  override checkRoot(request: StateRequest): Promise<boolean> {
    return this.#own.checkRoot(request);
  }

  /**
   * Makes the object of this host ready.
   *
   * @param request The object, the state, and what else the operation takes.
   */
  override getRoot(request: StateRequest): Promise<void> {
    return this.#own.getRoot(request);
  }

  /**
   * Makes the object on this host.
   *
   * @param request The object, the state, and what else the operation takes.
   */
  override setRoot(request: StateRequest): Promise<void> {
    return this.#own.setRoot(request);
  }

  /**
   * Removes the object from this host.
   *
   * @param request The object, the state, and what else the operation takes.
   */
  override unsetRoot(request: StateRequest): Promise<void> {
    return this.#own.unsetRoot(request);
  }

  /** Resolves with false if the mirror does not have the state, and with the failure if the mirror cannot be used. */
  async #bring(mirror: Mirror, request: StateRequest): Promise<boolean | MirrorFailure> {
    const { states } = mirror;
    try {
      if (!await hasState(mirror, request)) return false;
      if (!await states.isSame(request)) await states.get(request);
      return true;
    } catch (error) {
      request.signal?.throwIfAborted();
      // The fault is that of this host: another mirror, or the older content here, is not what was asked for.
      if (error instanceof StateInUseError) throw error;
      if (error instanceof StateChangedError) return false;
      const failure = failureOf(mirror, error);
      this.#onSkipped(failure);
      return failure;
    }
  }

  /** Returns the mirrors that failed when they were asked, once: another operation tries them again. */
  #takeFailed(request: StateRequest): ReadonlyMap<Mirror, MirrorFailure> {
    const failed = this.#failed.get(request) ?? new Map();
    this.#failed.delete(request);
    return failed;
  }

  /** Calls all permitted mirrors, and then throws what failed. */
  async #each(operation: string, request: StateRequest, call: (mirror: Mirror) => Promise<void>): Promise<void> {
    const known = this.#takeFailed(request);
    const failures: MirrorFailure[] = [];
    for (const mirror of this.#permitted(request)) {
      request.signal?.throwIfAborted();
      const failure = known.get(mirror);
      try {
        if (failure === undefined) await call(mirror);
        else failures.push(failure);
      } catch (error) {
        request.signal?.throwIfAborted();
        if (error instanceof Undone) {
          for (const failure of failures) this.#onSkipped(failure);
          throw error.cause;
        }
        failures.push(failureOf(mirror, error));
      }
    }
    if (failures.length > 0) throw new MirrorsError(operation, request, failures);
  }

  /** Returns the permitted mirrors. Throws a {@linkcode StateError} if the scopes permit no place at all. */
  #places(operation: string, request: StateRequest): readonly Mirror[] {
    const mirrors = this.#permitted(request);
    if (mirrors.length > 0 || request.scopes.includes("own")) return mirrors;
    const [asked, known] = [request.scopes, [...new Set(this.#mirrors.map(({ scope }) => scope))]]
      .map((scopes) => JSON.stringify(scopes));
    throw new StateError(
      `the scopes ${asked} permit no place: the mirrors have the scopes ${known}`,
      contextOf(operation, request),
    );
  }

  #permitted({ scopes }: StateRequest): readonly Mirror[] {
    return this.#mirrors.filter(({ scope }) => scope !== "own" && scopes.includes(scope)).map(({ mirror }) => mirror);
  }
}

const NOWHERE_ELSE = "no other place has it";

/** Ends a set that has changed nothing, for the reason that is its cause. */
class Undone extends Error {
  constructor(cause: StateChangedError) {
    super(cause.message, { cause });
  }
}

async function hasState({ states }: Mirror, request: StateRequest): Promise<boolean> {
  return (await states.show({ ...request, state: "" })).includes(request.state);
}

/** Removes a state. Resolves with false if it is missing. */
async function remove(states: Pick<StateBackend, "show" | "unset">, request: StateRequest): Promise<boolean> {
  try {
    await states.unset({ ...request, onlyIf: "exists" });
    return true;
  } catch (error) {
    request.signal?.throwIfAborted();
    if (error instanceof RemoteError) throw error;
    const isMissing = error instanceof StateChangedError ||
      // A backend may not know of the condition.
      await states.show({ ...request, state: "" }).then((names) => !names.includes(request.state), () => false);
    if (isMissing) return false;
    throw error;
  }
}

function nowhere(operation: string, request: StateRequest): StateError {
  const context = contextOf(operation, request);
  if (request.onlyIf === "exists") return new StateChangedError(false, context);
  return new StateError("no permitted place has it", context);
}

function failureOf({ host, path }: Mirror, error: unknown): MirrorFailure {
  return { host, path, error };
}

function contextOf(operation: string, { object, state }: StateRequest): StateErrorContext {
  return { operation, object, state };
}
