// Files of the host that a source reads: regular files of a bounded size, and what was made of them before.

import { SharedSignals } from "../../client/abort.ts";
import { builtin } from "../../transport/builtin.ts";
import { errnoError } from "../../wire/errors.ts";
import { codeOf } from "../../wire/system_errors.ts";
import { UnusableError } from "./problems.ts";

/** The most entries of a directory that a source reads. */
const ENTRIES_MAX = 65536;
/** A file that was changed so short a time ago may change again without another time. */
const SETTLED_MS = 2000;

/** An entry of a directory. */
export interface Entry {
  /** The name in the directory. */
  readonly name: string;
  /** The path. */
  readonly path: string;
}

/** A regular file, by which its contents are known again. */
interface Identity {
  /** The place of the file on its disk: the same for two names of one file. */
  readonly file: string;
  /** Differs if the contents may differ. */
  readonly version: string;
  /** Whether the version is old enough to be trusted. */
  readonly isSettled: boolean;
}

interface Kept<T> {
  readonly version: string;
  readonly made: T;
}

/**
 * Reads the files of directories, and keeps what was made of each until the file changes.
 *
 * A file that is not regular is never opened: the opening of a FIFO would wait for its writer.
 */
export class Files<T> {
  readonly #source: string;
  readonly #limit: number;
  readonly #make: (bytes: Uint8Array) => T;
  readonly #isWhole: boolean;
  readonly #signals = new SharedSignals();
  #kept = new Map<string, Kept<T>>();
  #used = new Map<string, Kept<T>>();

  /** `limit` is the largest number of bytes that `make` gets. If `isWhole` is false, it gets the first ones. */
  constructor(source: string, limit: number, make: (bytes: Uint8Array) => T, isWhole = true) {
    this.#source = source;
    this.#limit = limit;
    this.#make = make;
    this.#isWhole = isWhole;
  }

  /** Runs one reading. What was made of files that the reading does not use is dropped after it. */
  async reading<R>(read: () => Promise<R>, signal: AbortSignal | undefined): Promise<R> {
    signal?.throwIfAborted();
    // A file system of a network may not answer.
    const result = await this.#signals.wait(read(), signal);
    this.#kept = this.#used;
    this.#used = new Map();
    return result;
  }

  /** Lists a directory, sorted by name. A directory that does not exist is empty. */
  async list(directory: string, signal: AbortSignal | undefined, onOverflow: () => void): Promise<Entry[]> {
    try {
      const names: string[] = [];
      for await (const { name } of await builtin("node:fs").promises.opendir(directory)) {
        signal?.throwIfAborted();
        if (names.length === ENTRIES_MAX) {
          onOverflow();
          break;
        }
        names.push(name);
      }
      return names.sort().map((name) => ({ name, path: `${directory.replace(/\/+$/, "")}/${name}` }));
    } catch (error) {
      signal?.throwIfAborted();
      const code = codeOf(error);
      if (code === "ENOENT") return [];
      throw code === undefined ? error : errnoError(code, { operation: this.#source, path: directory, cause: error });
    }
  }

  /**
   * Returns what is made of a file, and a text that is the same for two names of the file.
   *
   * Throws an {@linkcode UnusableError} with the reason if the file is not regular, is too large, or cannot be read.
   */
  async take(path: string): Promise<{ readonly file: string; readonly made: T }> {
    try {
      const { file, version, isSettled } = await this.#identify(path);
      const key = `${path}\0${file}`;
      const kept = this.#kept.get(key);
      if (kept?.version === version) {
        this.#used.set(key, kept);
        return { file, made: kept.made };
      }
      const made = this.#make(await this.#read(path));
      if (isSettled) this.#used.set(key, { version, made });
      return { file, made };
    } catch (error) {
      if (error instanceof UnusableError) throw error;
      throw new UnusableError(`it cannot be read: ${codeOf(error) ?? String(error)}`);
    }
  }

  /** Returns a text that is the same for two names of one regular file. Throws as {@linkcode take}. */
  async identify(path: string): Promise<string> {
    try {
      return (await this.#identify(path)).file;
    } catch (error) {
      if (error instanceof UnusableError) throw error;
      throw new UnusableError(`it cannot be read: ${codeOf(error) ?? String(error)}`);
    }
  }

  async #identify(path: string): Promise<Identity> {
    const stats = await builtin("node:fs").promises.stat(path);
    if (!stats.isFile()) throw new UnusableError("it is not a regular file");
    const { dev, ino, size, mtimeMs, ctimeMs } = stats;
    const age = Date.now() - Math.max(mtimeMs, ctimeMs);
    return { file: `${dev}:${ino}`, version: `${size}:${mtimeMs}:${ctimeMs}`, isSettled: age > SETTLED_MS };
  }

  async #read(path: string): Promise<Uint8Array> {
    const { constants, promises } = builtin("node:fs");
    // The file may have been replaced since it was identified.
    const handle = await promises.open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    try {
      if (!(await handle.stat()).isFile()) throw new UnusableError("it is not a regular file");
      const bytes = new Uint8Array(this.#limit + (this.#isWhole ? 1 : 0));
      let length = 0;
      for (let read = -1; read !== 0 && length < bytes.length; length += read) {
        read = (await handle.read(bytes, length, bytes.length - length, length)).bytesRead;
      }
      if (this.#isWhole && length > this.#limit) throw new UnusableError(`it has more than ${this.#limit} bytes`);
      return bytes.subarray(0, length);
    } finally {
      await handle.close();
    }
  }
}
