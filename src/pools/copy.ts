// Copies a file from one location to another: verified on both ends, and visible under its name only when it is whole.

import { basename, dirname, join } from "node:path";
import { codeOf } from "../wire/system_errors.ts";
import { Digester, digestOf, type FileDigest, STRIDE } from "./digest.ts";
import type { PartFile, PoolFiles } from "./files.ts";

/** Zeros are not written, so that a sparse image stays sparse. */
const BLOCK = 65536;
const zeros = Buffer.alloc(BLOCK);
/** The characters of a hash that tell the parts of different contents apart. */
const MARK = 16;

/**
 * The content of a file is not what the manifest of its state says.
 *
 * @example
 * ```ts
 * import { IntegrityError } from "tsxs/pools";
 *
 * const error = new IntegrityError("/pool", "guest/clean.tree", "it has 3 bytes: expected 5");
 * console.log(error.message); // "guest/clean.tree" of "/pool" is damaged: it has 3 bytes: expected 5
 * ```
 */
export class IntegrityError extends Error {
  /** `"IntegrityError"`. */
  override name = "IntegrityError";
  /** The location. */
  readonly location: string;
  /** The path of the file below the location. */
  readonly path: string;

  /**
   * Makes the error.
   *
   * @param location The location.
   * @param path The path of the file below the location.
   * @param fault What was found, and what was expected.
   */
  constructor(location: string, path: string, fault: string) {
    super(`${JSON.stringify(path)} of ${JSON.stringify(location)} is damaged: ${fault}`);
    this.location = location;
    this.path = path;
  }
}

/** A file of a location. */
export interface FileAt {
  readonly files: PoolFiles;
  readonly path: string;
}

/** How a file is copied. */
export interface CopyOptions {
  readonly signal?: AbortSignal | undefined;
  /** Is told the number of bytes that are at the target. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
  /** Replaces {@linkcode STRIDE} in tests. */
  readonly stride?: number | undefined;
}

/** Returns the path under which a content arrives. The same content resumes there. */
export function partPath(path: string, { sha256 }: FileDigest): string {
  return join(dirname(path), `.${basename(path)}.${sha256.slice(0, MARK)}.part`);
}

/**
 * Copies the content of a file to a part beside the target, from the end of an earlier copy of the same content, and
 * reads it again there. {@linkcode partPath} is the path of the part, which the caller renames.
 *
 * Throws an {@linkcode IntegrityError} if the source or the copy is not what the digest says, and the errors of the
 * system. What arrived and was as expected stays.
 */
export async function copyToPart(
  source: FileAt,
  target: FileAt,
  digest: FileDigest,
  options: CopyOptions = {},
): Promise<void> {
  const part: FileAt = { files: target.files, path: partPath(target.path, digest) };
  const { file, digester } = await openPart(part, digest, options);
  let found: FileDigest;
  try {
    options.onBytes?.(digester.size);
    const end = await copyRest(source, file, digest, digester, options);
    if (end < digest.size) await file.truncate(digest.size);
    const synced = file.sync();
    synced.catch(() => {});
    found = await digestOf(file.read({ signal: options.signal }), options.stride);
    await synced;
  } finally {
    await file.close();
  }
  if (found.sha256 === digest.sha256) return;
  await part.files.remove(part.path);
  throw new IntegrityError(part.files.location, target.path, "the copy differs from what was sent");
}

/** Copies the content of a file to a new one, without its zeros. Resolves when the copy is on the disk. */
export async function copyContent(source: FileAt, target: FileAt, signal: AbortSignal | undefined): Promise<void> {
  const file = await target.files.openPart(target.path);
  let size = 0;
  try {
    await file.truncate(0);
    for await (const bytes of source.files.read(source.path, { signal })) {
      await writeBlocks(file, bytes, size);
      size += bytes.length;
    }
    await file.truncate(size);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Opens the part, which begins with what an earlier copy left. */
async function openPart(
  { files, path }: FileAt,
  digest: FileDigest,
  options: CopyOptions,
): Promise<{ readonly file: PartFile; readonly digester: Digester }> {
  const fresh = await files.createPart(path);
  if (fresh !== null) return { file: fresh, digester: new Digester(options.stride) };
  const digester = await verifiedBeginning({ files, path }, digest, options);
  const file = await files.openPart(path);
  try {
    await file.truncate(digester.size);
    return { file, digester };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Reads the part that an earlier copy left, as far as it is what the digest says. */
async function verifiedBeginning({ files, path }: FileAt, digest: FileDigest, options: CopyOptions): Promise<Digester> {
  const stride = options.stride ?? STRIDE;
  const size = Math.min((await files.status(path))?.size ?? 0, digest.size);
  const strides = Math.min(Math.floor(size / stride), digest.beginnings.length);
  const digester = new Digester(stride);
  if (strides === 0) return digester;
  let left = strides * stride;
  for await (const bytes of files.read(path, { signal: options.signal })) {
    digester.add(bytes.subarray(0, left));
    left -= bytes.length;
    if (left <= 0) break;
  }
  return digester.now() === digest.beginnings[strides - 1] ? digester : new Digester(stride);
}

/** Copies what is missing. Resolves with the end of what was written. */
async function copyRest(
  { files, path }: FileAt,
  target: PartFile,
  digest: FileDigest,
  digester: Digester,
  { signal, onBytes }: CopyOptions,
): Promise<number> {
  let end = digester.size;
  const damaged = (fault: string): IntegrityError => new IntegrityError(files.location, path, fault);
  for await (const bytes of contentOf(files, path, digester.size, signal)) {
    const start = digester.size;
    if (start + bytes.length > digest.size) throw damaged(`it has more than ${digest.size} bytes`);
    digester.add(bytes);
    const at = digester.beginnings.findIndex((hash, i) => hash !== digest.beginnings[i]);
    if (at >= 0) throw damaged("its content differs from its digest");
    end = await writeBlocks(target, bytes, start) ?? end;
    onBytes?.(digester.size);
  }
  if (digester.size !== digest.size) throw damaged(`it has ${digester.size} bytes: expected ${digest.size}`);
  if (digester.now() !== digest.sha256) throw damaged("its content differs from its digest");
  return end;
}

/** Reads a file. A file that is missing is damaged, because a manifest names it. */
async function* contentOf(
  files: PoolFiles,
  path: string,
  start: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void> {
  try {
    yield* files.read(path, { start, signal });
  } catch (error) {
    if (codeOf(error) === "ENOENT") throw new IntegrityError(files.location, path, "it is missing");
    throw error;
  }
}

/** Writes bytes, without the blocks that are zero. Resolves with the end of what was written, if anything was. */
async function writeBlocks(target: PartFile, bytes: Uint8Array, position: number): Promise<number | null> {
  let from = 0;
  let end: number | null = null;
  const flush = async (to: number): Promise<void> => {
    if (to <= from) return;
    await target.write(bytes.subarray(from, to), position + from);
    end = position + to;
  };
  for (let at = 0; at < bytes.length; at += BLOCK) {
    const block = bytes.subarray(at, at + BLOCK);
    if (zeros.compare(block, 0, block.length, 0, block.length) !== 0) continue;
    await flush(at);
    from = at + block.length;
  }
  await flush(bytes.length);
  return end;
}
