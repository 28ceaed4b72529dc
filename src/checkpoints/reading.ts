// Reads a stored checkpoint: the whole file is verified before a byte of it is used.

import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { codeOf } from "../wire/system_errors.ts";
import { CheckpointError, corrupt, failed } from "./errors.ts";
import { HEADER_SIZE_MAX, needsLineFeed, parseHeader, parseTrailer, TRAILER_SIZE, UNCHECKED_SIZE } from "./format.ts";
import type { LockOwner } from "./owner.ts";

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
/** The number of bytes that are read in one call. */
const CHUNK_SIZE = 256 * 1024;

/** A part of a file that holds a payload. */
export interface Payload {
  /** The index of the first byte in the file. */
  readonly start: number;
  /** The number of bytes. */
  readonly size: number;
  /** The number of bytes of the file that the checksum covers. */
  readonly checked: number;
  /** The process that saved it. */
  readonly owner: LockOwner;
  /** The checksum of the file. */
  readonly checksum: string;
}

/** Opens a file for reading. Returns null if it does not exist. A pipe does not block, and a link is not followed. */
export async function openFile(file: string): Promise<FileHandle | null> {
  let handle: FileHandle;
  try {
    handle = await open(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    if (codeOf(error) !== "ELOOP") throw failed(`cannot load "${file}"`, error, file);
    throw new CheckpointError("unsafe", `cannot load "${file}": it is a symbolic link`, { file, cause: error });
  }
  try {
    if ((await handle.stat()).isFile()) return handle;
    throw new CheckpointError("unsafe", `cannot load "${file}": it is not a regular file`, { file });
  } catch (error) {
    await handle.close();
    throw failed(`cannot load "${file}"`, error, file);
  }
}

/** Verifies a whole file against its checksum, in bounded memory. Returns the place of the payload. */
export async function verify(handle: FileHandle, file: string, signal: AbortSignal | undefined): Promise<Payload> {
  const { size } = await handle.stat();
  const header = parseHeader(await readExactly(handle, file, 0, Math.min(size, HEADER_SIZE_MAX)));
  switch (header.kind) {
    case "empty":
      throw new CheckpointError("empty", `cannot load "${file}": it is empty`, { file });
    case "version":
      throw new CheckpointError(
        "version",
        `cannot load "${file}": version ${header.version} of tsxs's format wrote it, and this one reads version 1`,
        { file },
      );
    case "unfinished":
      throw corrupt(file, size, "its header is truncated");
    case "corrupt":
      throw corrupt(file, header.offset, header.what);
  }
  const end = size - TRAILER_SIZE;
  const trailer = end < header.size ? null : parseTrailer(await readExactly(handle, file, end, TRAILER_SIZE));
  if (trailer === null) throw corrupt(file, Math.max(end, 0), "it does not end with its length and checksum");
  const checked = size - UNCHECKED_SIZE;
  const hash = createHash("sha256");
  const buffer = new Uint8Array(Math.min(CHUNK_SIZE, checked));
  for (let at = 0; at < checked; at += buffer.length) {
    signal?.throwIfAborted();
    const length = Math.min(buffer.length, checked - at);
    hash.update((await readExactly(handle, file, at, length, buffer)).subarray(0, length));
  }
  if (hash.digest("hex") !== trailer.checksum) throw corrupt(file, 0, "its checksum is another");
  const [last, next] = await readExactly(handle, file, Math.max(header.size, header.size + trailer.length - 1), 2);
  const separator = trailer.length > 0 && needsLineFeed(last) ? 1 : 0;
  if (header.size + trailer.length + separator !== end || (separator === 1 && next !== 0x0a)) {
    throw corrupt(file, end, `its length is ${trailer.length}, and it has ${end - header.size} bytes`);
  }
  return { start: header.size, size: trailer.length, checked, owner: header.owner, checksum: trailer.checksum };
}

/** Reads a part of a file piece by piece, while the file is open. Throws the signal's reason if it is aborted. */
export async function* chunksOf(
  opened: () => FileHandle,
  file: string,
  start: number,
  end: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, void> {
  for (let at = start; at < end;) {
    signal?.throwIfAborted();
    const chunk = await readExactly(opened(), file, at, Math.min(CHUNK_SIZE, end - at));
    at += chunk.length;
    yield chunk;
  }
}

/** Reads so many bytes. Throws an error if the file ends before. */
export async function readExactly(
  handle: FileHandle,
  file: string,
  position: number,
  length: number,
  into: Uint8Array = new Uint8Array(length),
): Promise<Uint8Array> {
  for (let done = 0; done < length;) {
    let read: number;
    try {
      ({ bytesRead: read } = await handle.read(into, done, length - done, position + done));
    } catch (error) {
      throw failed(`cannot load "${file}"`, error, file);
    }
    if (read === 0) throw corrupt(file, position + done, "it became shorter while it was read");
    done += read;
  }
  return into;
}
