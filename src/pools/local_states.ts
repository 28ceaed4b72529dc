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
import { fileIdentity, LocalFiles } from "./files_local.ts";
import type { HeldLock } from "./held_lock.ts";
import { removeLeftovers } from "./leftovers.ts";
import type { LockOptions } from "./lock.ts";
import { withLock } from "./locked.ts";
import { manifestName, type StateFile, type StateManifest } from "./manifest.ts";
import type { StatePart } from "./part.ts";
import { checkParts, restoreParts, withParts } from "./restore.ts";
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
  /** The manifests of the states that were set, by their requests. */
  readonly #made = new WeakMap<StateRequest, string | null>();

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
    const read = async (signal: AbortSignal | undefined, held: HeldLock | null): Promise<void> => {
      const chain = await this.states.chain(context);
      const parts = this.#parts(request.object);
      checkParts(parts, chain.at(-1), context);
      for (const manifest of chain) await verifyState(this.states, manifest, signal);
      await this.#withParts(parts, context, { ...request, signal }, async (ends, ofObject) => {
        const locks = [held, ofObject].filter((one) => one !== null);
        await restoreParts(parts, { ...request, signal: ends }, this.states, locks);
      });
    };
    const run = () => request.skipLocks ? read(request.signal, null) : this.#locked(context, request, read);
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
    await this.#locked(context, request, async (signal, held) => {
      const { object, state } = request;
      const there = await this.states.finishDamaged(object, state);
      checkCondition(request, there !== null, context);
      const parts = this.#parts(object);
      const kept = await this.#withParts(parts, context, { ...request, signal }, (ends) => {
        return this.#keep(parts, { ...request, signal: ends });
      });
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
        await commitOnParent(this.states, manifest, null, context, { held, lock: this.#lock, signal, withLock });
        const made = await this.#identity(request);
        if (held.isHeld()) this.#made.set(request, made);
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
    await this.#locked(context, request, (signal, held) => this.#remove({ ...request, signal }, context, held));
  }

  /**
   * Removes a state that `set` has made for this very request. A state that was set again stays.
   *
   * @param request The request that `set` was called with.
   * @throws {StateInUseError} If other states, or images of guests, depend on it.
   */
  override async takeBack(request: StateRequest): Promise<void> {
    const made = this.#made.get(request);
    if (made === undefined || made === null) return;
    const context = contextOf("unset", request);
    await this.#locked(context, request, async (signal, held) => {
      if (await this.#identity(request) !== made) return;
      await this.#remove({ ...request, signal, onlyIf: undefined }, context, held);
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
    await this.#withParts(parts, contextOf("set", request), request, async (signal) => {
      for (const part of parts) if (!await part.exists(request)) await part.make({ ...request, signal });
    });
    this.#removed.delete(request.object);
  }

  /**
   * Removes the parts of the object, and keeps its states.
   *
   * @param request The object, the state, and what else the operation takes.
   */
  override async unsetRoot(request: StateRequest): Promise<void> {
    const parts = this.#parts(request.object);
    await this.#withParts(parts, contextOf("unset", request), request, async (signal) => {
      for (const part of parts) await part.remove({ ...request, signal });
    });
    this.#removed.set(request.object, parts);
  }

  async #withParts<T>(
    parts: readonly StatePart[],
    context: StateErrorContext,
    { skipLocks, signal }: StateRequest,
    run: (signal: AbortSignal | undefined, held: HeldLock | null) => Promise<T>,
  ): Promise<T> {
    return await withParts(this.states, parts, context, { skipLocks, lock: this.#lock, signal }, run);
  }

  /** Returns what tells the manifest of a state from all others; `null` if the state does not exist. */
  async #identity({ object, state }: StateOf): Promise<string | null> {
    return await fileIdentity(join(this.states.files.location, object, manifestName(state)));
  }

  /** Removes a state whose lock is held. */
  async #remove(request: StateRequest, context: StateErrorContext, held: HeldLock): Promise<void> {
    const there = await this.states.finishDamaged(request.object, request.state);
    checkCondition(request, there !== null, context);
    const own = await this.#dependentParts(request, request.signal);
    if (own.length > 0) throw new StateInUseError("the present content of the object depends on it", own, context);
    const images = await dependentImages(this.states, request, undefined, request.signal);
    if (images.length > 0) throw new StateInUseError("images of guests depend on it", images, context);
    await this.states.remove(context, {}, held);
    await forgetImages(this.states, request);
  }

  async #locked(
    context: StateErrorContext,
    { signal }: StateRequest,
    run: (signal: AbortSignal, held: HeldLock) => Promise<void>,
  ): Promise<void> {
    await withLock(this.states, context, { ...this.#lock, signal }, async (ends, held) => {
      const found = await this.states.finishDamaged(context.object, context.state);
      // What is damaged cannot be read, and may be replaced or removed.
      if (found instanceof IntegrityError && context.operation === "get") throw found;
      await run(ends, held);
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
    parts: readonly StatePart[],
    request: StateRequest,
  ): Promise<{ readonly path: string; readonly parent: string | null; readonly file: StateFile }[]> {
    const { object, state, signal } = request;
    const kept = [];
    for (const part of parts) {
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
