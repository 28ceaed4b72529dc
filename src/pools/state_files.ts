// The states of a location: their manifests, what depends on what, and how a state takes the place of another.

import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { codeOf } from "../wire/system_errors.ts";
import { checkCondition, type StateCondition } from "./condition.ts";
import { IntegrityError, partPath } from "./copy.ts";
import { filesByName } from "./damaged.ts";
import { StateError, type StateErrorContext, StateInUseError } from "./errors.ts";
import type { PoolFiles } from "./files.ts";
import { LocalFiles } from "./files_local.ts";
import { filesUntil } from "./files_until.ts";
import type { HeldLock } from "./held_lock.ts";
import { commitPartPath } from "./lock_status.ts";
import {
  formatManifest,
  MANIFEST_END,
  MANIFEST_MAX,
  manifestName,
  parseManifest,
  type StateFile,
  type StateManifest,
} from "./manifest.ts";
import { checkedObject, checkedState } from "./names.ts";
import { writeCommit } from "./write_commit.ts";

/*
 * A state has several files. They arrive as parts. Then one file, the commit, is renamed to its name: from then on the
 * state exists. The parts are renamed after that. Whoever finds a commit finishes it, so that a process that is killed
 * in between leaves the old state or the new one.
 */
const COMMIT_END = ".commit";
const LOCK_END = ".lock";

/** The options of {@linkcode StateFiles.commit}. */
export interface CommitOptions {
  /**
   * Whether the files have arrived as parts. Links, and files that have their names already, have none.
   *
   * @default true
   */
  readonly hasParts?: boolean | undefined;
  /**
   * The locks that this process holds: first that of the state.
   *
   * @default []
   */
  readonly locks?: readonly HeldLock[] | undefined;
}

/** The states of a location. */
export class StateFiles {
  /** The files of the location. */
  readonly files: PoolFiles;

  /**
   * Takes the files of the location.
   *
   * @param files The files.
   */
  constructor(files: PoolFiles) {
    this.files = files;
  }

  /**
   * Opens a directory of this host.
   *
   * @param directory The absolute path. The directory need not exist.
   * @returns The states in it.
   */
  static local(directory: string): StateFiles {
    return new StateFiles(new LocalFiles(directory));
  }

  /**
   * Returns the same states, whose operations end by a signal, also if the location never answers.
   *
   * @param signal The signal, whose reason the operations reject with.
   * @returns The states.
   */
  until(signal: AbortSignal | undefined): StateFiles {
    return signal === undefined ? this : new StateFiles(filesUntil(this.files, signal));
  }

  /**
   * Returns the path of the lock of a state.
   *
   * @param object The object, such as `"guest"`.
   * @param state The name of the state.
   * @returns The path below the location.
   * @throws {RangeError} If a name is invalid.
   */
  lockPath(object: string, state: string): string {
    return join(checkedObject(object), `.${checkedState(state)}${LOCK_END}`);
  }

  /**
   * Lists the names of the states of an object.
   *
   * @param object The object, such as `"guest"`.
   * @returns The names, sorted.
   * @throws {RangeError} If the name is invalid.
   */
  async states(object: string): Promise<string[]> {
    const names = await this.files.list(checkedObject(object));
    const found = names.map((name) =>
      // A commit is a state whose files have yet to be renamed.
      name.startsWith(".") && name.endsWith(COMMIT_END)
        ? name.slice(1, -COMMIT_END.length)
        : name.endsWith(MANIFEST_END)
        ? name.slice(0, -MANIFEST_END.length)
        : ""
    );
    return [...new Set(found.filter(isState))].sort();
  }

  /**
   * Lists the names of the states of an object that are locked.
   *
   * @param object The object, such as `"guest"`.
   * @returns The names, sorted.
   * @throws {RangeError} If the name is invalid.
   */
  async locked(object: string): Promise<string[]> {
    const names = await this.files.list(checkedObject(object));
    const found = names.map((name) =>
      name.startsWith(".") && name.endsWith(LOCK_END) ? name.slice(1, -LOCK_END.length) : ""
    );
    return found.filter(isState).sort();
  }

  /**
   * Returns the manifest of a state.
   *
   * @param object The object, such as `"guest"`.
   * @param state The name of the state.
   * @returns The manifest, or `null` if the state does not exist.
   * @throws {IntegrityError} If the manifest is damaged.
   */
  async manifest(object: string, state: string): Promise<StateManifest | null> {
    return await this.#manifestAt(this.#commitPath(object, state), object, state) ??
      await this.#manifestAt(this.#manifestPath(object, state), object, state);
  }

  /**
   * Returns a state and the states that it depends on, from the one that depends on none.
   *
   * @param context The operation, the object and the state.
   * @returns The manifests.
   * @throws {IntegrityError} If a manifest is damaged.
   * @throws {StateError} If a state is missing, or a state depends on itself.
   */
  async chain(context: StateErrorContext): Promise<StateManifest[]> {
    const { object, state } = context;
    const found = new Map<string, StateManifest>();
    for (let name: string | null = state; name !== null;) {
      const manifest: StateManifest | null = await this.manifest(object, name);
      const { location } = this.files;
      const of = { ...context, location };
      if (manifest === null) {
        const missing = name === state ? "it" : `the state ${JSON.stringify(name)}, on which it depends,`;
        throw new StateError(`${missing} does not exist in ${JSON.stringify(location)}`, of);
      }
      if (found.has(name)) throw new StateError(`the state ${JSON.stringify(name)} depends on itself`, of);
      found.set(name, manifest);
      name = manifest.parent;
    }
    return [...found.values()].reverse();
  }

  /**
   * Returns the states that depend directly on a state. States with damaged manifests are left out.
   *
   * @param object The object, such as `"guest"`.
   * @param state The name of the state.
   * @returns The names, sorted.
   */
  async dependents(object: string, state: string): Promise<string[]> {
    const found: string[] = [];
    for (const name of await this.states(object)) {
      const manifest = await this.manifest(object, name).catch(() => null);
      if (manifest?.parent === state) found.push(name);
    }
    return found;
  }

  /**
   * Puts a state whose parts have arrived in the place of the one that has its name.
   *
   * @param manifest The manifest.
   * @param options Whether there are parts, and the locks that are held.
   * @throws {StateError} If a lock is lost, or a part is missing because another process has changed the state.
   */
  async commit(manifest: StateManifest, { hasParts = true, locks = [] }: CommitOptions = {}): Promise<void> {
    const path = this.#commitPath(manifest.object, manifest.state);
    const id = locks[0]?.id ?? randomBytes(16).toString("hex");
    const arriving = commitPartPath(this.lockPath(manifest.object, manifest.state), { id });
    try {
      await writeCommit(this.files, arriving, new TextEncoder().encode(formatManifest(manifest)), locks);
      if (hasParts) await this.#checkArrived(manifest);
      for (const lock of locks) lock.check();
      await this.files.rename(arriving, path).catch((error: unknown) => {
        throw codeOf(error) === "ENOENT" ? changedSince(manifest, error) : error;
      });
    } catch (error) {
      await this.files.remove(arriving).catch(() => {});
      throw error;
    }
    await this.#complete(manifest, locks);
  }

  /**
   * Checks that each file has arrived, or is there already. A process that was suspended, or cut off, for longer than
   * its lock counts has no parts any more: the next one that sets the state removes them.
   */
  async #checkArrived(manifest: StateManifest): Promise<void> {
    const { object, state, files } = manifest;
    const missing: StateFile[] = [];
    await Promise.all(files.map(async (file) => {
      if (await this.files.status(partPath(join(object, file.path), file)) === null) missing.push(file);
    }));
    if (missing.length === 0) return;
    const there = await this.#manifestAt(this.#manifestPath(object, state), object, state);
    const isThere = ({ path, sha256 }: StateFile): boolean =>
      there?.files.some((file) => file.path === path && file.sha256 === sha256) === true;
    if (!missing.every(isThere)) throw changedSince(manifest);
  }

  /**
   * Finishes a commit that a killed process left. The caller holds the lock of the state.
   *
   * @param object The object, such as `"guest"`.
   * @param state The name of the state.
   * @returns The manifest of the state, or `null` if the state does not exist.
   * @throws {IntegrityError} If the manifest is damaged.
   */
  async finish(object: string, state: string): Promise<StateManifest | null> {
    const there = this.#manifestAt(this.#manifestPath(object, state), object, state);
    there.catch(() => {});
    const left = await this.#manifestAt(this.#commitPath(object, state), object, state);
    if (left === null) return await there;
    await there.catch(() => null);
    await this.#complete(left);
    return left;
  }

  /**
   * Finishes a commit as {@linkcode StateFiles.finish} does, and tolerates a damaged manifest.
   *
   * @param object The object, such as `"guest"`.
   * @param state The name of the state.
   * @returns The manifest of the state, the error if the manifest is damaged, or `null` if the state does not exist.
   */
  async finishDamaged(object: string, state: string): Promise<StateManifest | IntegrityError | null> {
    try {
      return await this.finish(object, state);
    } catch (error) {
      if (error instanceof IntegrityError) return error;
      throw error;
    }
  }

  /**
   * Removes a state. Its manifest goes first, so that no reader finds a state without its files. If the manifest is
   * damaged, the files are those that have the name of the state.
   *
   * @param context The operation, the object and the state.
   * @param condition The condition of the operation. The caller holds the lock of the state.
   * @param held The lock of the state, if one is held.
   * @throws {StateChangedError} If the condition is that the state exists, and it does not.
   * @throws {StateError} If the state does not exist, or the lock is lost.
   * @throws {StateInUseError} If others depend on it.
   */
  async remove(context: StateErrorContext, condition: StateCondition = {}, held?: HeldLock): Promise<void> {
    const { object, state } = context;
    const manifest = await this.finishDamaged(object, state);
    checkCondition(condition, manifest !== null, context);
    const dependents = await this.dependents(object, state);
    if (dependents.length > 0) throw new StateInUseError("other states depend on it", dependents, context);
    if (manifest === null) throw new StateError(`it does not exist in ${JSON.stringify(this.files.location)}`, context);
    const paths = manifest instanceof IntegrityError
      ? await filesByName(this.files, object, state, await this.states(object))
      : manifest.files.map(({ path }) => join(object, path));
    await held?.confirm(this.files);
    await this.files.remove(this.#manifestPath(object, state));
    if (manifest instanceof IntegrityError) await this.files.remove(this.#commitPath(object, state));
    for (const path of paths) {
      held?.check();
      await this.files.remove(path);
    }
  }

  /**
   * Gives the parts of a commit their names, and then the commit that of the manifest. If a lock is lost, the next
   * process that has it does that.
   */
  async #complete({ object, state, files }: StateManifest, locks: readonly HeldLock[] = []): Promise<void> {
    const rename = async (from: string, to: string): Promise<void> => {
      if (!locks.every((lock) => lock.isHeld())) return;
      await this.files.rename(from, to).catch((error: unknown) => {
        // A file that is missing was renamed before.
        if (codeOf(error) !== "ENOENT") throw error;
      });
    };
    await Promise.all(files.map((file) => {
      const target = join(object, file.path);
      return rename(partPath(target, file), target);
    }));
    await rename(this.#commitPath(object, state), this.#manifestPath(object, state));
  }

  async #manifestAt(path: string, object: string, state: string): Promise<StateManifest | null> {
    let text = "";
    const decoder = new TextDecoder();
    try {
      for await (const bytes of this.files.read(path)) {
        text += decoder.decode(bytes, { stream: true });
        if (text.length > MANIFEST_MAX) break;
      }
    } catch (error) {
      if (codeOf(error) === "ENOENT") return null;
      throw error;
    }
    return parseManifest(text, this.files.location, path, { object, state });
  }

  #manifestPath(object: string, state: string): string {
    return join(checkedObject(object), manifestName(checkedState(state)));
  }

  #commitPath(object: string, state: string): string {
    return join(checkedObject(object), `.${checkedState(state)}${COMMIT_END}`);
  }
}

function changedSince({ object, state }: StateManifest, cause?: unknown): StateError {
  const fault = "another process has taken the lock, and changed the state";
  return new StateError(fault, { operation: "commit", object, state, cause });
}

function isState(name: string): boolean {
  try {
    return checkedState(name) === name;
  } catch {
    return false;
  }
}
