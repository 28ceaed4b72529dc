// States of this host and of mirrors: the nearest permitted mirror gives a state, and all permitted mirrors take it.

import { StateBackend, type StateRequest } from "./backend.ts";
import { IntegrityError } from "./copy.ts";
import { type MirrorFailure, MirrorsError, StateChangedError, StateError, type StateErrorContext } from "./errors.ts";
import { failureOf, hasState, isMirrorFault, type Mirror, removeState } from "./mirrors.ts";
import type { PolicyOperation } from "./policies.ts";
import { nearestFirst, type OwnPlace, type Scope, scopeOf } from "./scopes.ts";

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
   * permitted. If a file of this host is damaged then, the state is brought once more.
   *
   * @param request The object, the state, and what else the operation takes.
   * @throws {IntegrityError} If the state of this host is damaged, and no mirror repairs it.
   * @throws {LockedStateError} If another process holds the lock on this host until the timeout.
   * @throws {MirrorsError} If no place has the state, as far as they can be asked, and some mirrors failed.
   * @throws {StateError} If the state is nowhere, or the scopes permit no place.
   * @throws {StateInUseError} If something depends on another content that this host has under the name.
   */
  override async get(request: StateRequest): Promise<void> {
    const failures = new Map(this.#takeFailed(request));
    const mirrors = this.#places("get", request);
    const isBrought = await this.#bringFirst(mirrors, request, failures, async ({ states }) => {
      if (!await states.isSame(request)) await states.get(request);
    });
    const isOwn = request.scopes.includes("own");
    if (!isBrought && failures.size > 0 && !(isOwn && await this.#own.has(request, "get"))) {
      throw new MirrorsError("get", request, [...failures.values()], NOWHERE_ELSE);
    }
    if (!isOwn && !isBrought) throw nowhere("get", request);
    if (!isOwn) return;
    try {
      await this.#own.get(request);
    } catch (error) {
      if (!isBrought || !(error instanceof IntegrityError)) throw error;
      const others = mirrors.filter((mirror) => mirror.states.repair !== undefined);
      const isRepaired = await this.#bringFirst(others, request, failures, ({ states }) => states.repair?.(request));
      if (!isRepaired) throw error;
      await this.#own.get(request);
    }
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
    let isKept = false;
    await this.#each("set", request, async (mirror) => {
      try {
        await mirror.states.set(passed);
      } catch (error) {
        if (!(error instanceof StateChangedError)) throw error;
        // Two mirrors may be one directory.
        if (isTaken && await mirror.states.isSame(request)) return;
        const isUndone = !isTaken && (!isOwn || await this.#own.takeBack(passed).then(() => true, () => false));
        if (isUndone) throw new Undone(error);
        isKept = isOwn;
        throw error;
      }
      isTaken = true;
    }, () => isKept ? KEPT_HERE : "");
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
    let isRemoved = request.scopes.includes("own") && await removeState(this.#own, request);
    await this.#each("unset", request, async ({ states }) => {
      if (await removeState(states, request)) isRemoved = true;
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

  /**
   * Brings a state from the first mirror that has it. Resolves with false if none gives it. Mirrors that have failed
   * are not asked, and those that fail are added to them. A fault of this host ends the operation: older content is not
   * what was asked for.
   */
  async #bringFirst(
    mirrors: readonly Mirror[],
    request: StateRequest,
    failures: Map<Mirror, MirrorFailure>,
    bring: (mirror: Mirror) => Promise<void> | undefined,
  ): Promise<boolean> {
    for (const mirror of mirrors.filter((one) => !failures.has(one))) {
      try {
        if (!await hasState(mirror, request)) continue;
      } catch (error) {
        this.#skip(mirror, request, error, failures);
        continue;
      }
      try {
        await bring(mirror);
        return true;
      } catch (error) {
        if (error instanceof StateChangedError) continue;
        if (!isMirrorFault(mirror, error)) throw error;
        this.#skip(mirror, request, error, failures);
      }
    }
    return false;
  }

  #skip(mirror: Mirror, { signal }: StateRequest, error: unknown, failures: Map<Mirror, MirrorFailure>): void {
    signal?.throwIfAborted();
    const failure = failureOf(mirror, error);
    this.#onSkipped(failure);
    failures.set(mirror, failure);
  }

  /** Returns the mirrors that failed when they were asked, once: another operation tries them again. */
  #takeFailed(request: StateRequest): ReadonlyMap<Mirror, MirrorFailure> {
    const failed = this.#failed.get(request) ?? new Map();
    this.#failed.delete(request);
    return failed;
  }

  /** Calls all permitted mirrors, and then throws what failed. */
  async #each(
    operation: string,
    request: StateRequest,
    call: (mirror: Mirror) => Promise<void>,
    fault: () => string = () => "",
  ): Promise<void> {
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
    if (failures.length > 0) throw new MirrorsError(operation, request, failures, fault());
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
const KEPT_HERE = "this host keeps it";

/** Ends a set that has changed nothing, for the reason that is its cause. */
class Undone extends Error {
  constructor(cause: StateChangedError) {
    super(cause.message, { cause });
  }
}

function nowhere(operation: string, request: StateRequest): StateError {
  const context = contextOf(operation, request);
  if (request.onlyIf === "exists") return new StateChangedError(false, context);
  return new StateError("no permitted place has it", context);
}

function contextOf(operation: string, { object, state }: StateRequest): StateErrorContext {
  return { operation, object, state };
}
