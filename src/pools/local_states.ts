// The states of this host: a directory of its own, and the parts of each object.

import { dirname, join } from "node:path";
import { randomBytes } from "node:crypto";
import { StateBackend, type StateRequest } from "./backend.ts";
import { commitOnParent } from "./commit.ts";
import { checkCondition, unlessMissing } from "./condition.ts";
import { IntegrityError, partPath } from "./copy.ts";
import { dependentImages, dependsOn, forgetImages, realPath } from "./dependents.ts";
import { digestOf } from "./digest.ts";
import { StateError, type StateErrorContext, StateInUseError } from "./errors.ts";
import { LocalFiles } from "./files_local.ts";
import { removeLeftovers } from "./leftovers.ts";
import type { LockOptions } from "./lock.ts";
import { withLock } from "./locked.ts";
import { isSameContent, type StateFile, type StateManifest } from "./manifest.ts";
import type { PreparedPart, StatePart } from "./part.ts";
import { StateFiles } from "./state_files.ts";
import type { StateOf } from "./states_options.ts";
import { verifyState } from "./transfer.ts";

/** The options of {@linkcode LocalStates}. */
export interface LocalStatesOptions {
  /** The absolute path of the directory of the states. */
  readonly directory: string;
  /** Returns the parts of an object: its disks, and its subtree of the store. Subtrees are restored before disks. */
  readonly parts: (object: string) => readonly StatePart[];
  /**
   * The absolute path of the directory of a pool into which files of the states may be links.
   *
   * @default none: no link is followed
   */
  readonly linked?: string | undefined;
  /**
   * How locks are taken.
   *
   * @default {}
   */
  readonly lock?: LockOptions | undefined;
}

/** The states of this host. */
export class LocalStates extends StateBackend {
  /** A state is replaced in one step, so there is no need to remove it first. */
  override readonly keepsExisting: boolean = true;
  /** The states on disk. */
  readonly states: StateFiles;
  readonly #parts: (object: string) => readonly StatePart[];
  readonly #lock: LockOptions;
  /** The parts that were removed, which know how to make the object anew, by the object. */
  readonly #removed = new Map<string, readonly StatePart[]>();
  /** The states that were set, by their requests. */
  readonly #made = new WeakMap<StateRequest, StateManifest>();

  /**
   * Names the directory and the parts.
   *
   * @param options The directory, the parts, and how locks are taken.
   */
  constructor(options: LocalStatesOptions) {
    super();
    const { directory, parts, linked, lock = {} } = options;
    this.states = new StateFiles(new LocalFiles(directory, linked ?? null));
    this.#parts = parts;
    this.#lock = lock;
  }

  /**
   * Lists the states of an object.
   *
   * @param request The object, the state, and what else the operation takes.
   * @returns The names, sorted.
   * @throws {RangeError} If the name of the object is invalid.
   */
  override show({ object }: StateRequest): Promise<string[]> {
    return this.states.states(object);
  }

  /**
   * Verifies a state and all that it depends on, and puts the parts of the object into it.
   *
   * @param request The object, the state, and what else the operation takes.
   * @throws {ImageError} If an image is refused.
   * @throws {IntegrityError} If a file is damaged.
   * @throws {LockedStateError} If another process holds the lock until the timeout.
   * @throws {StateChangedError} If the condition is that the state exists, and it does not.
   * @throws {StateError} If a state of the chain, or a part of the state, is missing.
   */
  override async get(request: StateRequest): Promise<void> {
    const context = contextOf("get", request);
    const read = async (signal: AbortSignal | undefined): Promise<void> => {
      const chain = await this.states.chain(context);
      const parts = this.#parts(request.object);
      this.#checkParts(parts, chain.at(-1), context);
      for (const manifest of chain) await verifyState(this.states, manifest, signal);
      await this.#restore(parts, { ...request, signal });
    };
    const run = () => request.skipLocks ? read(request.signal) : this.#locked(context, request, read);
    const isThere = async (): Promise<boolean> => await this.states.manifest(request.object, request.state) !== null;
    await unlessMissing(request, isThere, context, run);
  }

  /**
   * Keeps the present condition of all parts as a state, in place of one that has its name.
   *
   * @param request The object, the state, and what else the operation takes.
   * @throws {ImageError} If an image is refused, or a program writes to it.
   * @throws {LockedStateError} If another process holds the lock until the timeout.
   * @throws {StateChangedError} If the condition of the request does not hold.
   * @throws {StateError} If the new state depends on another one than the existing state does.
   * @throws {StateInUseError} If other states, or images of other guests, would lose what they depend on.
   */
  override async set(request: StateRequest): Promise<void> {
    const context = contextOf("set", request);
    await this.#locked(context, request, async (signal) => {
      const { object, state } = request;
      const there = await this.states.finishDamaged(object, state);
      checkCondition(request, there !== null, context);
      const kept = await this.#keep({ ...request, signal });
      try {
        const manifest: StateManifest = {
          object,
          state,
          parent: this.#parentOf(kept, context),
          files: kept.map(({ file }) => file),
        };
        await this.#checkOverwrite(there, manifest, context);
        signal.throwIfAborted();
        for (const { path, file } of kept) {
          await this.states.files.rename(path, partPath(join(object, file.path), file));
        }
        await commitOnParent(this.states, manifest, null, context, { lock: this.#lock, signal, withLock });
        this.#made.set(request, manifest);
      } finally {
        for (const { path } of kept) await this.states.files.remove(path);
      }
    });
  }

  /**
   * Removes a state.
   *
   * @param request The object, the state, and what else the operation takes.
   * @throws {LockedStateError} If another process holds the lock until the timeout.
   * @throws {StateChangedError} If the condition is that the state exists, and it does not.
   * @throws {StateError} If the state is missing.
   * @throws {StateInUseError} If other states, or images of guests, depend on it.
   */
  override async unset(request: StateRequest): Promise<void> {
    const context = contextOf("unset", request);
    await this.#locked(context, request, (signal) => this.#remove(request, context, signal));
  }

  /**
   * Removes a state that `set` has made for this very request. A state with another content stays.
   *
   * @param request The request that `set` was called with.
   * @throws {StateInUseError} If other states, or images of guests, depend on it.
   */
  override async takeBack(request: StateRequest): Promise<void> {
    const made = this.#made.get(request);
    if (made === undefined) return;
    const context = contextOf("unset", request);
    await this.#locked(context, request, async (signal) => {
      const there = await this.states.manifest(request.object, request.state);
      if (there === null || !isSameContent(there, made)) return;
      await this.#remove({ ...request, onlyIf: undefined }, context, signal);
    });
  }

  /**
   * Tells which images of guests depend on a state: images of the parts, and all that were restored from it.
   *
   * @param of The object and the state.
   * @param signal Ends the search, with the signal's reason.
   * @returns The paths of the images, sorted.
   */
  async dependentsOf(of: StateOf, signal?: AbortSignal): Promise<string[]> {
    return await dependentImages(this.states, of, (one) => this.#dependentParts(one, signal), signal);
  }

  /**
   * Tells whether all parts of the object exist.
   *
   * @param request The object, the state, and what else the operation takes.
   * @returns Whether they do.
   */
  override async checkRoot(request: StateRequest): Promise<boolean> {
    for (const part of this.#parts(request.object)) if (!await part.exists(request)) return false;
    return true;
  }

  /**
   * Makes the parts of the object that are missing.
   *
   * @param request The object, the state, and what else the operation takes.
   * @throws {StateError} If a part cannot be made.
   */
  override async setRoot(request: StateRequest): Promise<void> {
    const parts = this.#removed.get(request.object) ?? this.#parts(request.object);
    for (const part of parts) if (!await part.exists(request)) await part.make(request);
    this.#removed.delete(request.object);
  }

  /**
   * Removes the parts of the object, and keeps its states.
   *
   * @param request The object, the state, and what else the operation takes.
   */
  override async unsetRoot(request: StateRequest): Promise<void> {
    const parts = this.#parts(request.object);
    for (const part of parts) await part.remove(request);
    this.#removed.set(request.object, parts);
  }

  /** Restores all parts. Each is prepared before the first is changed, and those that may fail are changed first. */
  async #restore(parts: readonly StatePart[], request: StateRequest): Promise<void> {
    const prepared: PreparedPart[] = [];
    let committed = 0;
    try {
      for (const part of parts) if (part.prepare) prepared.push(await part.prepare(request, this.states));
      for (const part of parts) if (!part.prepare) await part.restore(request, this.states);
      request.signal?.throwIfAborted();
      for (const one of prepared) {
        await one.commit();
        committed++;
      }
    } finally {
      for (const one of prepared.slice(committed)) await one.discard();
    }
  }

  /** Removes a state whose lock is held. */
  async #remove(request: StateRequest, context: StateErrorContext, signal: AbortSignal): Promise<void> {
    const there = await this.states.finishDamaged(request.object, request.state);
    checkCondition(request, there !== null, context);
    const own = await this.#dependentParts(request, signal);
    if (own.length > 0) throw new StateInUseError("the present content of the object depends on it", own, context);
    const images = await dependentImages(this.states, request, undefined, signal);
    if (images.length > 0) throw new StateInUseError("images of guests depend on it", images, context);
    await this.states.remove(context);
    await forgetImages(this.states, request);
  }

  async #locked(
    context: StateErrorContext,
    { signal }: StateRequest,
    run: (signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    await withLock(this.states, context, { ...this.#lock, signal }, async (ends) => {
      const found = await this.states.finishDamaged(context.object, context.state);
      // What is damaged cannot be read, and may be replaced or removed.
      if (found instanceof IntegrityError && context.operation === "get") throw found;
      await run(ends);
    });
    const directories = new Set(this.#parts(context.object).map((part) => dirname(part.fileOf(context.state))));
    // After a get, a transfer of another content may still be resumed.
    const changed = { states: new Set(context.operation === "get" ? [] : [context.state]), directories };
    await removeLeftovers(this.states, context, changed, { lock: this.#lock, signal });
  }

  /** Returns the paths of the parts whose present content depends on a state. */
  async #dependentParts({ object, state }: StateOf, signal: AbortSignal | undefined): Promise<string[]> {
    const found: string[] = [];
    for (const part of this.#parts(object)) {
      const request: StateRequest = { object, state, scopes: ["own"], skipLocks: false, signal };
      if (!await part.exists(request)) continue;
      const isDependent = part.image === undefined
        ? await part.parent(request, this.states) === state
        : await dependsOn(part.image, this.states, { object, state }, signal);
      if (isDependent) found.push(part.image === undefined ? part.fileOf(state) : await realPath(part.image));
    }
    return found;
  }

  /** Returns the images that depend on a state, without those whose content becomes the state. */
  async #imagesOfOthers({ object, state }: StateOf): Promise<string[]> {
    const own = new Set<string>();
    for (const { image } of this.#parts(object)) if (image !== undefined) own.add(await realPath(image));
    return (await dependentImages(this.states, { object, state })).filter((image) => !own.has(image));
  }

  /** Puts the content of each part into a file that has a temporary name. */
  async #keep(
    request: StateRequest,
  ): Promise<{ readonly path: string; readonly parent: string | null; readonly file: StateFile }[]> {
    const { object, state, signal } = request;
    const kept = [];
    for (const part of this.#parts(object)) {
      const path = part.fileOf(state);
      const fresh = join(object, dirname(path), `.${state}.${randomBytes(8).toString("hex")}.new`);
      try {
        const { parent } = await part.keep(request, this.states, fresh);
        const digest = await digestOf(this.states.files.read(fresh, { signal }));
        kept.push({ path: fresh, parent, file: { path, ...digest } });
      } catch (error) {
        for (const one of [fresh, ...kept.map((other) => other.path)]) await this.states.files.remove(one);
        throw error;
      }
    }
    return kept;
  }

  /** Checks that a state has all parts before the first of them is replaced. */
  #checkParts(parts: readonly StatePart[], manifest: StateManifest | undefined, context: StateErrorContext): void {
    const kept = new Set(manifest?.files.map(({ path }) => path));
    const missing = parts.map((part) => part.fileOf(context.state)).filter((path) => !kept.has(path));
    if (missing.length === 0) return;
    const names = missing.map((path) => JSON.stringify(path)).join(", ");
    throw new StateError(`it was kept without a part of the object: it has no ${names}`, context);
  }

  /** Returns the state on which all disks depend. */
  #parentOf(kept: readonly { readonly parent: string | null }[], context: StateErrorContext): string | null {
    const parents = new Set(kept.map(({ parent }) => parent).filter((parent) => parent !== null));
    if (parents.size <= 1) return [...parents][0] ?? null;
    const names = [...parents].map((name) => JSON.stringify(name)).join(" and ");
    throw new StateError(`its disks depend on different states: ${names}`, context);
  }

  /** Checks that no other state loses what it depends on. */
  async #checkOverwrite(
    there: StateManifest | IntegrityError | null,
    next: StateManifest,
    context: StateErrorContext,
  ): Promise<void> {
    if (there === null) return;
    const dependents = await this.states.dependents(context.object, context.state);
    if (dependents.length > 0) {
      throw new StateInUseError("other states depend on the existing one", dependents, context);
    }
    const images = await this.#imagesOfOthers(context);
    if (images.length > 0) throw new StateInUseError("images of guests depend on the existing one", images, context);
    // A damaged manifest does not tell.
    if (there instanceof IntegrityError || there.parent === next.parent) return;
    const [old, now] = [there.parent, next.parent].map((parent) =>
      parent === null ? "no state" : JSON.stringify(parent)
    );
    throw new StateError(`the existing state depends on ${old}, and the new one on ${now}`, context);
  }
}

function contextOf(operation: string, { object, state }: StateRequest): StateErrorContext {
  return { operation, object, state };
}
