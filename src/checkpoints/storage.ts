// One checkpoint on disk: a directory with the current checkpoint, and the next one while it is written.

import { join } from "node:path";
import { checkOptions, type OptionNames } from "../wire/checks.ts";
import { createStorage } from "./creating.ts";
import { checkedLocation, FILE_NAME, NEXT_NAME } from "./location.ts";
import { removeLock } from "./lock.ts";
import { loadCheckpoint, type OpenCheckpoint, openCheckpoint } from "./loading.ts";
import { removeStorage } from "./removing.ts";
import { checkBytes, type CheckpointBytes, type Place, saveCheckpoint, type SavedCheckpoint } from "./saving.ts";

/** The options of {@linkcode CheckpointStorage.create}. */
export interface CreateStorageOptions {
  /**
   * Whether the new storage replaces the one that was last made in this way. That one is removed.
   *
   * @default false
   */
  readonly legacy?: boolean;
}

/** The options of {@linkcode CheckpointStorage.save}, `load` and `open`. */
export interface StorageOptions {
  /**
   * Ends the operation, with the reason of the signal.
   *
   * @default undefined
   */
  readonly signal?: AbortSignal | undefined;
}

/** The options of {@linkcode CheckpointStorage.breakLock}. */
export interface BreakLockOptions {
  /**
   * Whether the lock is broken although its owner runs, or may run on another host.
   *
   * @default false
   */
  readonly force?: boolean;
}

const CREATE: OptionNames<CreateStorageOptions> = { legacy: true };
const STORAGE: OptionNames<StorageOptions> = { signal: true };
const BREAK: OptionNames<BreakLockOptions> = { force: true };

/**
 * Stores one checkpoint in a directory, safe against crashes.
 *
 * A save replaces the older checkpoint as a whole, or not at all. Every load verifies the checksum of the whole file.
 * Other files may be kept in the directory; {@linkcode CheckpointStorage.remove} removes them, too.
 *
 * @example
 * ```ts
 * import { mkdtemp } from "node:fs/promises";
 * import { CheckpointStorage } from "tsxs/checkpoints";
 *
 * const storage = await CheckpointStorage.create(await mkdtemp("/tmp/checkpoints-"));
 * console.log(await storage.load()); // null
 * await storage.save(new TextEncoder().encode("the state"));
 * console.log(new TextDecoder().decode(await storage.load() ?? undefined)); // the state
 * await storage.remove();
 * ```
 */
export class CheckpointStorage {
  readonly #place: Place;

  /**
   * Names a storage. Nothing is created: see {@linkcode CheckpointStorage.create}.
   *
   * @param location The path of the directory. A relative path is resolved once, here.
   * @throws {TypeError} If `location` is no path.
   */
  constructor(location: string) {
    const path = checkedLocation(location);
    this.#place = { location: path, file: join(path, FILE_NAME), next: join(path, NEXT_NAME) };
  }

  /**
   * Makes a new directory for a checkpoint.
   *
   * Each call makes another one, also if several processes call in the same instant. Only its owner can access it.
   *
   * @param baseDir The path of the directory in which to make it. It is created if it does not exist.
   * @param options Whether the new storage replaces the last one.
   * @returns The storage. It has no checkpoint yet.
   * @throws {CheckpointError} If the system refuses, or another user could replace the directory.
   * @throws {TypeError} If `baseDir` is no path, or an option is unknown.
   *
   * @example
   * ```ts
   * import { mkdtemp } from "node:fs/promises";
   * import { CheckpointStorage } from "tsxs/checkpoints";
   *
   * const base = await mkdtemp("/tmp/checkpoints-");
   * const storage = await CheckpointStorage.create(base);
   * console.log(storage.location.startsWith(base), await storage.load()); // true null
   * ```
   */
  static async create(baseDir: string, options: CreateStorageOptions = {}): Promise<CheckpointStorage> {
    checkOptions("create", options, CREATE);
    return new CheckpointStorage(await createStorage(checkedLocation(baseDir), options.legacy ?? false));
  }

  /** The absolute path of the directory. */
  get location(): string {
    return this.#place.location;
  }

  /** The absolute path of the current checkpoint. The file does not exist before the first save. */
  get file(): string {
    return this.#place.file;
  }

  /**
   * Saves a checkpoint in place of the older one.
   *
   * The new file is created under another name, written, synced, and renamed. When the call resolves, the checkpoint
   * survives a power failure. If it rejects, the older checkpoint is unchanged, unless the fault is `"not-durable"`.
   *
   * @param bytes The content. An async iterable is written piece by piece, in bounded memory.
   * @param options The signal.
   * @returns The size, the checksum, and the process that saved.
   * @throws {LockedStorageError} If another process saves, or was killed while it saved.
   * @throws {CheckpointError} If the system refuses, the lock was broken during the save, or the directory is unsafe.
   * @throws {TypeError} If `bytes` or one of its pieces is of another type.
   *
   * @example
   * ```ts
   * import { mkdtemp } from "node:fs/promises";
   * import { CheckpointStorage } from "tsxs/checkpoints";
   *
   * const storage = await CheckpointStorage.create(await mkdtemp("/tmp/checkpoints-"));
   * async function* lines() {
   *   for (let i = 0; i < 3; i++) yield new TextEncoder().encode(`line ${i}\n`);
   * }
   * const { size } = await storage.save(lines(), { signal: AbortSignal.timeout(10_000) });
   * console.log(size); // 21
   * ```
   */
  async save(bytes: CheckpointBytes, options: StorageOptions = {}): Promise<SavedCheckpoint> {
    checkOptions("save", options, STORAGE);
    checkBytes(bytes);
    return await saveCheckpoint(this.#place, bytes, options.signal);
  }

  /**
   * Loads the whole checkpoint.
   *
   * @param options The signal.
   * @returns The bytes that were saved, or `null` if no checkpoint was saved yet.
   * @throws {CheckpointError} If the file is empty, corrupt, of a later version, a link, or cannot be read.
   *
   * @example
   * ```ts
   * import { mkdtemp } from "node:fs/promises";
   * import { CheckpointStorage } from "tsxs/checkpoints";
   *
   * const storage = await CheckpointStorage.create(await mkdtemp("/tmp/checkpoints-"));
   * await storage.save(new Uint8Array([1, 2, 3]));
   * console.log((await storage.load())?.length); // 3
   * ```
   */
  async load(options: StorageOptions = {}): Promise<Uint8Array | null> {
    checkOptions("load", options, STORAGE);
    return await loadCheckpoint(this.#place, options.signal);
  }

  /**
   * Verifies the checkpoint, and opens it to be read piece by piece.
   *
   * The checksum of the whole file is verified before the call resolves. A save during the reading does not disturb it.
   *
   * @param options The signal. It ends the reading, too.
   * @returns The open checkpoint, or `null` if no checkpoint was saved yet.
   * @throws {CheckpointError} If the file is empty, corrupt, of a later version, a link, or cannot be read.
   *
   * @example
   * ```ts
   * import { mkdtemp } from "node:fs/promises";
   * import { CheckpointStorage } from "tsxs/checkpoints";
   *
   * const storage = await CheckpointStorage.create(await mkdtemp("/tmp/checkpoints-"));
   * await storage.save(new Uint8Array(1_000_000));
   * await using checkpoint = await storage.open();
   * let size = 0;
   * for await (const chunk of checkpoint?.chunks() ?? []) size += chunk.length;
   * console.log(size === checkpoint?.size); // true
   * ```
   */
  async open(options: StorageOptions = {}): Promise<OpenCheckpoint | null> {
    checkOptions("open", options, STORAGE);
    return await openCheckpoint(this.#place, options.signal);
  }

  /**
   * Removes the lock that a killed process left.
   *
   * @param options Whether the lock of a process that may run is removed, too.
   * @returns Whether there was a lock.
   * @throws {LockedStorageError} If the owner runs, or may run, and `force` is not set.
   * @throws {CheckpointError} If the system refuses.
   *
   * @example
   * ```ts
   * import { mkdtemp, writeFile } from "node:fs/promises";
   * import { CheckpointStorage } from "tsxs/checkpoints";
   *
   * const storage = await CheckpointStorage.create(await mkdtemp("/tmp/checkpoints-"));
   * await writeFile(`${storage.file}.next`, "");
   * console.log(await storage.breakLock({ force: true }), await storage.breakLock()); // true false
   * ```
   */
  async breakLock(options: BreakLockOptions = {}): Promise<boolean> {
    checkOptions("breakLock", options, BREAK);
    const what = `cannot break the lock of "${this.location}"`;
    return await removeLock(this.#place.next, what, options.force ?? false);
  }

  /**
   * Removes the directory with everything in it. A corrupt checkpoint can be removed like any other.
   *
   * No symbolic link is followed. A directory that is not empty is removed only if it has a checkpoint or its name ends
   * with `.checkpoint`.
   *
   * @returns Whether the directory existed.
   * @throws {CheckpointError} If the directory is a link or of no checkpoint, or the system refuses.
   *
   * @example
   * ```ts
   * import { mkdtemp } from "node:fs/promises";
   * import { CheckpointStorage } from "tsxs/checkpoints";
   *
   * const storage = await CheckpointStorage.create(await mkdtemp("/tmp/checkpoints-"));
   * console.log(await storage.remove(), await storage.remove()); // true false
   * ```
   */
  async remove(): Promise<boolean> {
    return await removeStorage(this.#place);
  }
}
