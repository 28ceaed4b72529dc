// The next file of a storage: a new checkpoint while it is written, which is the lock of the storage, too.

import { createHash, type Hash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open, rename, unlink } from "node:fs/promises";
import { codedError, codeOf } from "../wire/system_errors.ts";
import { CheckpointError, LockedStorageError } from "./errors.ts";
import { encodeChecksum, encodeHeader, encodeLength } from "./format.ts";
import { entryOf, readLock } from "./lock.ts";
import { type LockOwner, thisOwner } from "./owner.ts";

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
/** So many bytes are written in one call. */
const BUFFER_SIZE = 256 * 1024;

/** A checkpoint that is being written. Every method throws what the system throws. */
export class NextFile {
  /** This process, as the file names it. */
  readonly owner: LockOwner = thisOwner();
  readonly #path: string;
  readonly #what: string;
  readonly #hash: Hash = createHash("sha256");
  readonly #buffer = new Uint8Array(BUFFER_SIZE);
  #handle: FileHandle | null;
  #identity: { readonly ino: bigint; readonly dev: bigint } | null = null;
  #buffered = 0;
  #written = 0;
  #length = 0;
  #last: number | undefined;

  private constructor(path: string, what: string, handle: FileHandle) {
    this.#path = path;
    this.#what = what;
    this.#handle = handle;
  }

  /**
   * Makes the file, and names this process in it. Throws a {@linkcode LockedStorageError} if the file exists.
   *
   * @param what What fails, for the text of errors.
   */
  static async create(path: string, what: string): Promise<NextFile> {
    const file = new NextFile(path, what, await createExclusively(path, what));
    try {
      await file.#put(encodeHeader(file.owner));
      await file.#flush();
      file.#identity = await file.#opened.stat({ bigint: true });
      // After a power failure the lock tells that its owner has ended.
      await file.#opened.datasync();
      return file;
    } catch (error) {
      await file.discard();
      throw error;
    }
  }

  /** The number of bytes of the payload so far. */
  get length(): number {
    return this.#length;
  }

  /**
   * Appends bytes of the payload. Returns null if there is nothing to wait for, so that many small pieces are fast. The
   * caller may use the memory again after that.
   */
  append(bytes: Uint8Array): Promise<void> | null {
    if (bytes.length === 0) return null;
    this.#length += bytes.length;
    this.#last = bytes[bytes.length - 1];
    if (bytes.length >= BUFFER_SIZE - this.#buffered) return this.#put(bytes);
    this.#buffer.set(bytes, this.#buffered);
    this.#buffered += bytes.length;
    return null;
  }

  /** Writes the end, syncs the file, and renames it. Returns the checksum. */
  async rename(to: string): Promise<string> {
    await this.#put(encodeLength(this.#length, this.#last));
    await this.#flush();
    const checksum = this.#hash.digest("hex");
    await this.#write(encodeChecksum(checksum));
    await this.#opened.sync();
    if (!await this.#isOurs()) {
      const state = `another process broke the lock "${this.#path}" during the save`;
      throw new CheckpointError("broken-lock", `${this.#what}: ${state}`, { file: this.#path });
    }
    await this.#close();
    await rename(this.#path, to);
    return checksum;
  }

  /** Removes the file after a failure. Never throws: the error that led here is the one to report. */
  async discard(): Promise<void> {
    try {
      // The lock is rarely broken. If the system does not tell, the file is this one.
      if (await this.#isOurs().catch(() => true)) await unlink(this.#path);
    } catch { /* The file stays as a lock, which names this process. */ }
    try {
      await this.#close();
    } catch { /* The system has closed the file all the same. */ }
  }

  get #opened(): FileHandle {
    if (this.#handle === null) throw codedError("EBADF", "the file is closed");
    return this.#handle;
  }

  /** Tells whether the path leads to this file. The number of an open file is not used again. */
  async #isOurs(): Promise<boolean> {
    const found = await entryOf(this.#path);
    // Without a number, no more is known than that this process made a file of this name.
    if (this.#identity === null) return found !== null;
    return found?.ino === this.#identity.ino && found.dev === this.#identity.dev;
  }

  async #put(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const part = bytes.subarray(done, done + BUFFER_SIZE - this.#buffered);
      this.#buffer.set(part, this.#buffered);
      this.#buffered += part.length;
      done += part.length;
      if (this.#buffered === BUFFER_SIZE) await this.#flush();
    }
  }

  async #flush(): Promise<void> {
    const bytes = this.#buffer.subarray(0, this.#buffered);
    this.#hash.update(bytes);
    await this.#write(bytes);
    this.#buffered = 0;
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await this.#opened.write(bytes, done, bytes.length - done, this.#written);
      // A disk that is full may take fewer bytes. It reports its error at the next call.
      if (bytesWritten === 0) throw codedError("EIO", "the system wrote no byte");
      done += bytesWritten;
      this.#written += bytesWritten;
    }
  }

  async #close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    await handle?.close();
  }
}

async function createExclusively(path: string, what: string): Promise<FileHandle> {
  for (;;) {
    try {
      return await open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
    }
    const lock = await readLock(path);
    // Without a lock the other process has finished between the two calls.
    if (lock !== null) throw new LockedStorageError(what, lock);
  }
}
