// The files of a directory of this host.

import { constants } from "node:fs";
import { type FileHandle, link, lstat, mkdir, open, readdir, readlink, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { codedError, codeOf } from "../wire/system_errors.ts";
import { Directories } from "./directories.ts";
import { type FileStatus, type PartFile, type PoolFiles, writeNew } from "./files.ts";

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR } = constants;
const PIECE = 2 ** 20;
const DIRECTORY_MODE = 0o700;
const FILE_MODE = 0o600;

/** The files of a directory of this host. The directory need not exist. */
export class LocalFiles implements PoolFiles {
  readonly location: string;
  readonly #linked: string | null;
  readonly #directories: Directories;
  readonly #linkedDirectories: Directories | null;
  readonly #syncs = new DirectorySyncs();

  /** Names the directory. Links are followed into the directory `linked` alone. Both are absolute paths. */
  constructor(directory: string, linked: string | null = null) {
    this.location = directory;
    this.#linked = linked;
    this.#directories = directoriesOf(directory);
    this.#linkedDirectories = linked === null ? null : directoriesOf(linked);
  }

  async list(directory: string): Promise<string[]> {
    await this.#directories.check(directory);
    return await unlessMissing(readdir(this.#path(directory)), []);
  }

  async status(path: string): Promise<FileStatus | null> {
    const found = await unlessMissing(lstat(await this.#readable(path)), null);
    if (found === null) return null;
    if (!found.isFile()) throw this.#irregular(path);
    return { size: found.size, modified: found.mtimeMs };
  }

  async *read(
    path: string,
    { start = 0, signal }: { readonly start?: number; readonly signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<Uint8Array, void> {
    // A FIFO would wait for a writer.
    const file = await open(await this.#readable(path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      const found = await file.stat();
      if (!found.isFile()) throw this.#irregular(path);
      yield* readFile(file, { start, size: found.size, signal });
    } finally {
      await file.close();
    }
  }

  async openPart(path: string): Promise<PartFile> {
    return partOf(await this.#open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK));
  }

  async createPart(path: string): Promise<PartFile | null> {
    const file = await unlessExists(this.#open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW));
    return file === null ? null : partOf(file);
  }

  async createExclusive(path: string, content: Uint8Array): Promise<boolean> {
    return await writeNew(await this.createPart(path), content, () => this.remove(path));
  }

  async rename(from: string, to: string): Promise<void> {
    for (const path of [from, to]) await this.#directories.check(dirname(path));
    await rename(this.#path(from), this.#path(to));
    await this.#syncs.sync(dirname(this.#path(to)));
  }

  async link(from: string, to: string): Promise<boolean> {
    for (const path of [from, to]) await this.#directories.check(dirname(path));
    return await unlessExists(link(this.#path(from), this.#path(to)).then(() => true)) ?? false;
  }

  async remove(path: string): Promise<boolean> {
    await this.#directories.check(dirname(path));
    const isThere = await unlessMissing(rm(this.#path(path)).then(() => true), false);
    if (isThere) await this.#syncs.sync(dirname(this.#path(path)));
    return isThere;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Opens a file. Makes its directory if it does not exist. */
  async #open(path: string, flags: number): Promise<FileHandle> {
    await this.#directories.check(dirname(path));
    const opened = await unlessMissing(open(this.#path(path), flags, FILE_MODE), null);
    if (opened !== null) return opened;
    await this.#makeDirectoryOf(path);
    return await open(this.#path(path), flags, FILE_MODE);
  }

  /** Makes the directory of a file, and syncs the names of the directories that are new. */
  async #makeDirectoryOf(path: string): Promise<void> {
    await this.#directories.check(dirname(path));
    const directory = dirname(this.#path(path));
    const first = await mkdir(directory, { recursive: true, mode: DIRECTORY_MODE });
    if (first === undefined) return;
    for (let at = directory; at !== dirname(first); at = dirname(at)) await this.#syncs.sync(dirname(at));
  }

  /** Returns the path of the file itself, if the path is that of a link that is followed. */
  async #readable(path: string): Promise<string> {
    await this.#directories.check(dirname(path));
    const own = this.#path(path);
    if (this.#linked === null) return own;
    const target = await readlink(own).catch(() => null);
    if (target === null || dirname(target) !== dirname(join(this.#linked, path))) return own;
    await this.#linkedDirectories?.check(dirname(path));
    return target;
  }

  #path(path: string): string {
    return join(this.location, path);
  }

  #irregular(path: string): Error {
    return codedError("EINVAL", `${JSON.stringify(this.#path(path))} is not a regular file`);
  }
}

/** Returns the directories below one of this host, none of which may be a link. */
export function directoriesOf(location: string): Directories {
  return new Directories(location, async (directory) => {
    const found = await unlessMissing(lstat(join(location, directory)), null);
    return found === null ? "missing" : found.isSymbolicLink() ? "link" : "other";
  });
}

/**
 * Returns what tells a file from every other one that has or had its path: its number, and when it was made. Resolves
 * with `null` if the path does not exist.
 */
export async function fileIdentity(path: string): Promise<string | null> {
  const found = await unlessMissing(lstat(path, { bigint: true }), null);
  return found === null ? null : `${found.ino} ${found.mtimeNs} ${found.ctimeNs}`;
}

function partOf(file: FileHandle): PartFile {
  let isOpen = true;
  return {
    write: async (bytes, position) => {
      for (let done = 0; done < bytes.length;) {
        done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
      }
    },
    truncate: (length) => file.truncate(length),
    sync: () => file.sync(),
    read: ({ signal } = {}) => readOpen(file, signal),
    close: async () => {
      if (!isOpen) return;
      isOpen = false;
      await file.close();
    },
  };
}

/** Reads an open file. */
async function* readOpen(file: FileHandle, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void> {
  yield* readFile(file, { start: 0, size: (await file.stat()).size, signal });
}

/** Reads an open file whose size was told. It may have grown. */
async function* readFile(
  file: FileHandle,
  { start, size, signal }: { readonly start: number; readonly size: number; readonly signal: AbortSignal | undefined },
): AsyncGenerator<Uint8Array, void> {
  for (let at = start;;) {
    signal?.throwIfAborted();
    // The caller may keep the bytes, so each piece has memory of its own. One byte more tells that the file has ended.
    const length = Math.min(PIECE, Math.max(0, size - at) + 1);
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(length), 0, length, at);
    if (bytesRead > 0) yield buffer.subarray(0, bytesRead);
    at += bytesRead;
    if (bytesRead === 0 || (bytesRead < length && at >= size)) return;
  }
}

/** Syncs directories. Callers that wait for the same sync to start share it. */
class DirectorySyncs {
  /** The syncs that have not started. */
  readonly #waiting = new Map<string, Promise<void>>();
  /** The last sync of each directory. */
  readonly #last = new Map<string, Promise<void>>();

  /** Resolves when a sync that started after this call has ended. */
  sync(directory: string): Promise<void> {
    const waiting = this.#waiting.get(directory);
    if (waiting !== undefined) return waiting;
    const sync = (this.#last.get(directory) ?? Promise.resolve()).catch(() => {}).then(async () => {
      this.#waiting.delete(directory);
      try {
        await syncDirectory(directory);
      } finally {
        if (this.#last.get(directory) === sync) this.#last.delete(directory);
      }
    });
    this.#waiting.set(directory, sync);
    this.#last.set(directory, sync);
    return sync;
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function unlessMissing<T, U>(result: Promise<T>, otherwise: U): Promise<T | U> {
  try {
    return await result;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return otherwise;
    throw error;
  }
}

async function unlessExists<T>(result: Promise<T>): Promise<T | null> {
  try {
    return await result;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return null;
    throw error;
  }
}
