// Loads a stored checkpoint: as a whole, or piece by piece.

import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { CheckpointError, corrupt, failed } from "./errors.ts";
import { entryOf } from "./lock.ts";
import type { LockOwner } from "./owner.ts";
import { chunksOf, openFile, type Payload, readExactly, verify } from "./reading.ts";
import type { Place } from "./saving.ts";

/** A checkpoint that was verified, and is open for reading. */
export interface OpenCheckpoint extends AsyncDisposable {
  /** The number of bytes. */
  readonly size: number;
  /** The SHA-256 of the file without its last line, in hexadecimal digits. */
  readonly checksum: string;
  /** The process that saved it, and the time. */
  readonly savedBy: LockOwner;
  /**
   * Reads the bytes from the start, piece by piece. It may be called again.
   *
   * @throws {CheckpointError} If the file no longer holds what was verified, or cannot be read.
   */
  chunks(): AsyncIterable<Uint8Array>;
}

/** Verifies a checkpoint and returns it as a whole. Returns null if no checkpoint was saved yet. */
export async function loadCheckpoint(place: Place, signal: AbortSignal | undefined): Promise<Uint8Array | null> {
  await using checkpoint = await openCheckpoint(place, signal);
  if (checkpoint === null) return null;
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(checkpoint.size);
  } catch (error) {
    const state = `its ${checkpoint.size} bytes do not fit one array: call open()`;
    throw new CheckpointError("failed", `cannot load "${place.file}": ${state}`, { file: place.file, cause: error });
  }
  let at = 0;
  for await (const chunk of checkpoint.chunks()) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** Verifies a checkpoint and leaves it open. Returns null if no checkpoint was saved yet. */
export async function openCheckpoint(place: Place, signal: AbortSignal | undefined): Promise<OpenCheckpoint | null> {
  signal?.throwIfAborted();
  const { file } = place;
  const handle = await openFile(file);
  if (handle === null) {
    await checkDirectory(place);
    return null;
  }
  try {
    return new Opened(handle, file, await verify(handle, file, signal), signal);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Tells a storage without a checkpoint from one that does not exist. */
async function checkDirectory({ location, file }: Place): Promise<void> {
  const what = `cannot load "${file}"`;
  let found: Awaited<ReturnType<typeof entryOf>>;
  try {
    found = await entryOf(location);
  } catch (error) {
    throw failed(what, error, location);
  }
  if (found !== null) return;
  const cause = Object.assign(new Error(`"${location}" does not exist`), { code: "ENOENT" });
  throw new CheckpointError("failed", `${what}: ${cause.message}`, { file: location, cause });
}

class Opened implements OpenCheckpoint {
  readonly size: number;
  readonly checksum: string;
  readonly savedBy: LockOwner;
  readonly #payload: Payload;
  readonly #file: string;
  readonly #signal: AbortSignal | undefined;
  #handle: FileHandle | null;

  constructor(handle: FileHandle, file: string, payload: Payload, signal: AbortSignal | undefined) {
    this.size = payload.size;
    this.checksum = payload.checksum;
    this.savedBy = payload.owner;
    this.#handle = handle;
    this.#file = file;
    this.#payload = payload;
    this.#signal = signal;
  }

  async *chunks(): AsyncGenerator<Uint8Array, void, void> {
    const { start, size, checked, checksum } = this.#payload;
    const hash = createHash("sha256");
    hash.update(await readExactly(this.#opened, this.#file, 0, start));
    const chunks = chunksOf(() => this.#opened, this.#file, start, start + size, this.#signal);
    for await (const chunk of chunks) {
      hash.update(chunk);
      yield chunk;
    }
    hash.update(await readExactly(this.#opened, this.#file, start + size, checked - start - size));
    // The disk gave other bytes than before, or a program changed the file in place.
    if (hash.digest("hex") !== checksum) throw corrupt(this.#file, 0, "it changed after it was verified");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    await handle?.close();
  }

  get #opened(): FileHandle {
    if (this.#handle !== null) return this.#handle;
    throw new CheckpointError("failed", `cannot read "${this.#file}": the checkpoint is closed`, { file: this.#file });
  }
}
