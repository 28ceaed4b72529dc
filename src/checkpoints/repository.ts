// A directory of storages: the list of them, and the last one of legacy mode.

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { codeOf } from "../wire/system_errors.ts";
import { failed } from "./errors.ts";
import { lastLocation } from "./last.ts";
import { checkedLocation, defaultLocation } from "./location.ts";
import { entryOf } from "./lock.ts";
import { CheckpointStorage, type CreateStorageOptions } from "./storage.ts";

/**
 * Finds the checkpoints of a directory.
 *
 * @example
 * ```ts
 * import { mkdtemp } from "node:fs/promises";
 * import { CheckpointRepository } from "tsxs/checkpoints";
 *
 * const repository = new CheckpointRepository(await mkdtemp("/tmp/checkpoints-"));
 * const storage = await repository.create();
 * await storage.save(new TextEncoder().encode("the state"));
 * for await (const { location } of repository) console.log(location === storage.location); // true
 * ```
 */
export class CheckpointRepository implements AsyncIterable<CheckpointStorage> {
  /** The absolute path of the directory. It may not exist yet. */
  readonly location: string;

  /**
   * Names a repository. Nothing is created: the first new storage creates the directory.
   *
   * @param location The path of the directory. A relative path is resolved once, here.
   * @default `${XDG_CACHE_HOME:-$HOME/.cache}/tsxs/checkpoints`
   * @throws {TypeError} If `location` is no path.
   */
  constructor(location: string = defaultLocation()) {
    this.location = checkedLocation(location);
  }

  /**
   * Makes a new storage in this repository: see {@linkcode CheckpointStorage.create}.
   *
   * @param options Whether the new storage replaces the last one.
   * @returns The storage.
   * @throws {CheckpointError} If the system refuses, or another user could replace the directory.
   *
   * @example
   * ```ts
   * import { mkdtemp } from "node:fs/promises";
   * import { CheckpointRepository } from "tsxs/checkpoints";
   *
   * const repository = new CheckpointRepository(await mkdtemp("/tmp/checkpoints-"));
   * const storage = await repository.create({ legacy: true });
   * console.log((await repository.lastStorage())?.location === storage.location); // true
   * ```
   */
  async create(options: CreateStorageOptions = {}): Promise<CheckpointStorage> {
    return await CheckpointStorage.create(this.location, options);
  }

  /**
   * Lists the storages, in the order of their names: those made earlier come first.
   *
   * Every directory counts, and no symbolic link does. An entry that cannot be examined, or that vanishes during the
   * call, is left out.
   *
   * @returns The storages. None if the repository does not exist.
   * @throws {CheckpointError} If the directory cannot be read.
   *
   * @example
   * ```ts
   * import { CheckpointRepository } from "tsxs/checkpoints";
   *
   * const repository = new CheckpointRepository("/tmp/no/such/directory");
   * console.log(await repository.storages()); // []
   * ```
   */
  async storages(): Promise<CheckpointStorage[]> {
    let names: string[];
    try {
      names = await readdir(this.location);
    } catch (error) {
      if (codeOf(error) === "ENOENT") return [];
      throw failed(`cannot list the checkpoints of "${this.location}"`, error, this.location);
    }
    const storages: CheckpointStorage[] = [];
    // The units of UTF-16 decide, not the language of the user.
    for (const name of names.sort()) {
      const location = join(this.location, name);
      if (await isDirectory(location)) storages.push(new CheckpointStorage(location));
    }
    return storages;
  }

  /**
   * Iterates over the storages: see {@linkcode CheckpointRepository.storages}.
   *
   * @returns The iterator.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<CheckpointStorage, void, void> {
    yield* await this.storages();
  }

  /**
   * Finds the storage that was last made in legacy mode.
   *
   * @returns The storage. `null` if no storage was made so, or the link leads out of the repository or to a link.
   * @throws {CheckpointError} If the system refuses.
   *
   * @example
   * ```ts
   * import { mkdtemp } from "node:fs/promises";
   * import { CheckpointRepository } from "tsxs/checkpoints";
   *
   * const repository = new CheckpointRepository(await mkdtemp("/tmp/checkpoints-"));
   * console.log(await repository.lastStorage()); // null
   * ```
   */
  async lastStorage(): Promise<CheckpointStorage | null> {
    try {
      const location = await lastLocation(this.location);
      return location === null ? null : new CheckpointStorage(location);
    } catch (error) {
      throw failed(`cannot find the last checkpoint of "${this.location}"`, error, this.location);
    }
  }
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await entryOf(path))?.isDirectory() ?? false;
  } catch {
    return false;
  }
}
