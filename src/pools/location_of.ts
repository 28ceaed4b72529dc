// At which location an error arose, so that a fault of a pool is told from one of this host.

import type { PartFile, PoolFiles } from "./files.ts";
import { StateFiles } from "./state_files.ts";

/** Tells whether an error says by its `location` that it arose at these files. */
export function arisesAt({ location }: Pick<PoolFiles, "location">, error: unknown): boolean {
  return error instanceof Error && "location" in error && error.location === location;
}

/** Returns the same states. Every error of their files has the location as `location`, those of the system, too. */
export function locatedStates({ files }: StateFiles): StateFiles {
  return new StateFiles(new LocatedFiles(files));
}

class LocatedFiles implements PoolFiles {
  readonly location: string;
  readonly #files: PoolFiles;

  constructor(files: PoolFiles) {
    this.location = files.location;
    this.#files = files;
  }

  list(...args: Parameters<PoolFiles["list"]>): ReturnType<PoolFiles["list"]> {
    return this.#located(this.#files.list(...args));
  }

  status(...args: Parameters<PoolFiles["status"]>): ReturnType<PoolFiles["status"]> {
    return this.#located(this.#files.status(...args));
  }

  async *read(...[path, options]: Parameters<PoolFiles["read"]>): AsyncGenerator<Uint8Array, void> {
    try {
      yield* this.#files.read(path, options);
    } catch (error) {
      // The reason of a signal is not a fault of the location.
      throw options?.signal?.aborted === true ? error : this.#locate(error);
    }
  }

  async openPart(...args: Parameters<PoolFiles["openPart"]>): Promise<PartFile> {
    return this.#partOf(await this.#located(this.#files.openPart(...args)));
  }

  async createPart(...args: Parameters<PoolFiles["createPart"]>): Promise<PartFile | null> {
    const part = await this.#located(this.#files.createPart(...args));
    return part === null ? null : this.#partOf(part);
  }

  createExclusive(...args: Parameters<PoolFiles["createExclusive"]>): ReturnType<PoolFiles["createExclusive"]> {
    return this.#located(this.#files.createExclusive(...args));
  }

  rename(...args: Parameters<PoolFiles["rename"]>): ReturnType<PoolFiles["rename"]> {
    return this.#located(this.#files.rename(...args));
  }

  link(...args: Parameters<PoolFiles["link"]>): ReturnType<PoolFiles["link"]> {
    return this.#located(this.#files.link(...args));
  }

  remove(...args: Parameters<PoolFiles["remove"]>): ReturnType<PoolFiles["remove"]> {
    return this.#located(this.#files.remove(...args));
  }

  close(): Promise<void> {
    return this.#files.close();
  }

  #partOf(part: PartFile): PartFile {
    return {
      write: (bytes, position) => this.#located(part.write(bytes, position)),
      truncate: (length) => this.#located(part.truncate(length)),
      sync: () => this.#located(part.sync()),
      read: (options) => part.read(options),
      close: () => this.#located(part.close()),
    };
  }

  async #located<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw this.#locate(error);
    }
  }

  #locate(error: unknown): unknown {
    if (error instanceof Error && !("location" in error)) {
      Reflect.defineProperty(error, "location", { value: this.location, configurable: true });
    }
    return error;
  }
}
