// Saves a checkpoint: the next file is written, synced, and renamed over the current one.

import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { SharedSignals } from "../client/abort.ts";
import { codeOf } from "../wire/system_errors.ts";
import { CheckpointError, failed } from "./errors.ts";
import { NextFile } from "./next_file.ts";
import type { LockOwner } from "./owner.ts";

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;
const STICKY = 0o1000;
const WRITABLE_BY_ALL = 0o002;
/** So many bytes of one array are appended before the signal is looked at. */
const PIECE_SIZE = 1024 * 1024;

/** The bytes of a checkpoint: all of them, or piece by piece. */
export type CheckpointBytes = Uint8Array | AsyncIterable<Uint8Array>;

/** The paths of a storage. */
export interface Place {
  /** The directory. */
  readonly location: string;
  /** The current checkpoint. */
  readonly file: string;
  /** The checkpoint that is being written. */
  readonly next: string;
}

/** What {@linkcode CheckpointStorage.save} wrote. */
export interface SavedCheckpoint {
  /** The number of bytes. */
  readonly size: number;
  /** The SHA-256 of the file without its last line, in hexadecimal digits. It differs for each save. */
  readonly checksum: string;
  /** The process that saved it, and the time. */
  readonly savedBy: LockOwner;
}

/** Throws a `TypeError` if a value is neither a `Uint8Array` nor an async iterable. */
export function checkBytes(bytes: unknown): void {
  if (bytes instanceof Uint8Array) return;
  if (typeof bytes === "object" && bytes !== null && Symbol.asyncIterator in bytes) return;
  const kind = bytes === null ? "null" : typeof bytes;
  throw new TypeError(`the bytes of a checkpoint are a Uint8Array or an async iterable: got ${kind}`);
}

/** Saves a checkpoint. If it fails before the rename, the older checkpoint stays, and the next file is removed. */
export async function saveCheckpoint(
  place: Place,
  bytes: CheckpointBytes,
  signal: AbortSignal | undefined,
): Promise<SavedCheckpoint> {
  signal?.throwIfAborted();
  const what = `cannot save "${place.file}"`;
  const directory = await openDirectory(place.location, what);
  try {
    const next = await guarded(what, place.next, () => NextFile.create(place.next, what));
    let checksum: string;
    try {
      const wait = (appending: Promise<void>): Promise<void> => guarded(what, place.next, () => appending);
      await take(bytes, (piece) => next.append(piece), wait, signal);
      checksum = await guarded(what, place.next, () => next.rename(place.file));
    } catch (error) {
      await next.discard();
      throw error;
    }
    try {
      await directory.sync();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const state = `the new checkpoint is there, but its name is not synced: ${reason}`;
      throw new CheckpointError("not-durable", `${what}: ${state}`, { file: place.file, cause: error });
    }
    return { size: next.length, checksum, savedBy: next.owner };
  } finally {
    // The directory was opened for reading: whether closing it fails says nothing of the checkpoint.
    await directory.close().catch(() => {});
  }
}

/** Opens the directory of a storage. It must not be a link, nor one in which all users may replace files. */
async function openDirectory(location: string, what: string): Promise<FileHandle> {
  let directory: FileHandle;
  try {
    directory = await open(location, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } catch (error) {
    if (codeOf(error) !== "ELOOP" && codeOf(error) !== "ENOTDIR") throw failed(what, error, location);
    throw new CheckpointError("unsafe", `${what}: "${location}" is not a directory`, { file: location, cause: error });
  }
  try {
    const { mode } = await directory.stat();
    if ((mode & (WRITABLE_BY_ALL | STICKY)) !== WRITABLE_BY_ALL) return directory;
    throw new CheckpointError("unsafe", `${what}: all users may write in "${location}": chmod o-w it`, {
      file: location,
    });
  } catch (error) {
    await directory.close().catch(() => {});
    throw failed(what, error, location);
  }
}

async function guarded<T>(what: string, file: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw failed(what, error, file);
  }
}

/** Passes all bytes on, piece by piece. An abort ends the wait for a source that is silent. */
async function take(
  bytes: CheckpointBytes,
  append: (piece: Uint8Array) => Promise<void> | null,
  wait: (appending: Promise<void>) => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (bytes instanceof Uint8Array) {
    for (let at = 0; at < bytes.length; at += PIECE_SIZE) {
      signal?.throwIfAborted();
      const appending = append(bytes.subarray(at, at + PIECE_SIZE));
      if (appending !== null) await wait(appending);
    }
    return signal?.throwIfAborted();
  }
  const signals = new SharedSignals();
  const iterator = bytes[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { done, value } = await signals.wait(iterator.next(), signal);
      signal?.throwIfAborted();
      if (done === true) return;
      if (!(value instanceof Uint8Array)) {
        throw new TypeError(`a piece of a checkpoint is a Uint8Array: got ${value === null ? "null" : typeof value}`);
      }
      const appending = append(value);
      if (appending !== null) await wait(appending);
    }
  } catch (error) {
    const ending = Promise.resolve(iterator.return?.()).catch(() => {});
    // A silent source may never end.
    if (!signal?.aborted) await ending;
    throw error;
  }
}
