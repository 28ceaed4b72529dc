// States of this host and of mirrors: the nearest permitted mirror gives a state, and all permitted mirrors take it.

import { StateBackend, type StateRequest } from "./backend.ts";
import { StateError, StateInUseError } from "./errors.ts";
import { nearestFirst, type OwnPlace, type Place, type Scope, scopeOf } from "./scopes.ts";

/** A mirror of the states of this host. */
export interface Mirror extends Place {
  /** What transfers states between this host and the mirror. */
  readonly states: MirrorStates;
}

/** What a mirror does. */
export type MirrorStates = Pick<StateBackend, "show" | "get" | "set" | "unset"> & {
  /** Tells whether a state and all that it depends on are the same on this host and at the mirror. */
  isSame(request: StateRequest): Promise<boolean>;
};

/** A mirror that did not take a state, or keeps one that was to be removed. */
export interface MirrorFailure {
  /** The host of the mirror. */
  readonly host: string;
  /** The directory of the mirror. */
  readonly path: string;
  /** Why it failed. */
  readonly error: unknown;
}

/** Some of the mirrors failed. The others have carried out the operation. */
export class MirrorsError extends StateError {
  /** `"MirrorsError"`. */
  override name = "MirrorsError";
  /** The failures, from the nearest mirror. */
  readonly failures: readonly MirrorFailure[];

  /**
   * Makes the error.
   *
   * @param operation The operation.
   * @param request The object and the state.
   * @param failures The failures.
   */
  constructor(
    operation: string,
    { object, state }: Pick<StateRequest, "object" | "state">,
    failures: readonly MirrorFailure[],
  ) {
    const reasons = failures.map(({ host, path, error }) =>
      `${JSON.stringify(path)} of ${JSON.stringify(host)}: ${error instanceof Error ? error.message : String(error)}`
    );
    super(`${failures.length} of its mirrors failed: ${reasons.join("; ")}`, {
      operation,
      object,
      state,
      cause: failures[0]?.error,
    });
    this.failures = failures;
  }
}

/** The options of {@linkcode SourcedStates}. */
export interface SourcedStatesOptions {
  /** The states of this host. */
  readonly own: StateBackend;
  /** The place of this host, and the shared directory. */
  readonly place: OwnPlace;
  /** The mirrors. */
  readonly mirrors: readonly Mirror[];
  /**
   * Is told that a mirror could not give a state, so that the next one is asked.
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
   * Brings a state from the nearest permitted mirror that has it and can be reached.
   *
   * Nothing is brought if this host has the same. Then the object is put into that state, if the scope `own` is
   * permitted.
   *
   * @param request The object, the state, and what else the operation takes.
   * @throws {StateError} If the state is nowhere.
   * @throws {StateInUseError} If something depends on another content that this host has under the name.
   */
  override async get(request: StateRequest): Promise<void> {
    for (const mirror of this.#permitted(request)) {
      if (await this.#bring(mirror, request)) break;
      request.signal?.throwIfAborted();
    }
    if (request.scopes.includes("own")) await this.#own.get(request);
  }

  /**
   * Keeps a state on this host, if the scope `own` is permitted, and brings it to all permitted mirrors.
   *
   * @param request The object, the state, and what else the operation takes.
   * @throws {MirrorsError} If some mirrors failed.
   * @throws {StateError} If this host does not have the state.
   */
  override async set(request: StateRequest): Promise<void> {
    if (request.scopes.includes("own")) await this.#own.set(request);
    else if (!(await this.#own.show({ ...request, state: "" })).includes(request.state)) {
      const { object, state } = request;
      throw new StateError("this host does not have the state that the mirrors are to get", {
        operation: "set",
        object,
        state,
      });
    }
    await this.#each("set", request, (mirror) => mirror.states.set(request));
  }

  /**
   * Removes a state from this host, if the scope `own` is permitted, and from all permitted mirrors.
   *
   * @param request The object, the state, and what else the operation takes.
   * @throws {MirrorsError} If some mirrors failed.
   */
  override async unset(request: StateRequest): Promise<void> {
    if (request.scopes.includes("own")) await this.#own.unset(request);
    await this.#each("unset", request, (mirror) => mirror.states.unset(request));
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

  /** Resolves with false if the mirror does not have the state, or cannot be used. */
  async #bring({ host, path, states }: Mirror, request: StateRequest): Promise<boolean> {
    try {
      if (!(await states.show({ ...request, state: "" })).includes(request.state)) return false;
      if (!await states.isSame(request)) await states.get(request);
      return true;
    } catch (error) {
      // The fault is that of this host: another mirror, or the older content here, is not what was asked for.
      if (error instanceof StateInUseError) throw error;
      this.#onSkipped({ host, path, error });
      return false;
    }
  }

  /** Calls all permitted mirrors, and then throws what failed. */
  async #each(operation: string, request: StateRequest, call: (mirror: Mirror) => Promise<void>): Promise<void> {
    const failures: MirrorFailure[] = [];
    for (const mirror of this.#permitted(request)) {
      request.signal?.throwIfAborted();
      try {
        await call(mirror);
      } catch (error) {
        failures.push({ host: mirror.host, path: mirror.path, error });
      }
    }
    if (failures.length > 0) throw new MirrorsError(operation, request, failures);
  }

  #permitted({ scopes }: StateRequest): readonly Mirror[] {
    return this.#mirrors.filter(({ scope }) => scope !== "own" && scopes.includes(scope)).map(({ mirror }) => mirror);
  }
}
