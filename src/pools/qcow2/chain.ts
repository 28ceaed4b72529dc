// The images of states: each must depend on the image of its parent state, and on nothing else.

import { dirname, join } from "node:path";
import type { PoolFiles } from "../files.ts";
import type { StateManifest } from "../manifest.ts";
import { HEADER_BYTES, headerFault, ImageError, parseHeader, type Qcow2Header } from "./header.ts";

/** The end of the name of an image. */
export const IMAGE_END = ".qcow2";

/** Reads the header of an image. Throws an {@linkcode ImageError} if it is invalid, and the errors of the system. */
export async function readHeader(files: PoolFiles, path: string, signal?: AbortSignal): Promise<Qcow2Header> {
  const beginning = new Uint8Array(HEADER_BYTES);
  let size = 0;
  for await (const bytes of files.read(path, { signal })) {
    const piece = bytes.subarray(0, HEADER_BYTES - size);
    beginning.set(piece, size);
    size += piece.length;
    if (size === HEADER_BYTES) break;
  }
  return parseHeader(beginning.subarray(0, size), join(files.location, path));
}

/**
 * Checks an image of a state: it depends on the image of the parent state, if the state has such a parent, and on none
 * otherwise. `path` is the path of the image, and `at` that of the file to read in its place.
 *
 * Throws an {@linkcode ImageError}, and the errors of the system.
 */
export async function checkImage(
  files: PoolFiles,
  { parent }: Pick<StateManifest, "parent">,
  path: string,
  { at = path, signal }: { readonly at?: string; readonly signal?: AbortSignal | undefined } = {},
): Promise<Qcow2Header> {
  const header = await readHeader(files, at, signal);
  const fault = headerFault(header);
  if (fault !== null) throw new ImageError(join(files.location, path), fault);
  const { backingFile } = header;
  if (backingFile === null || backingFile === imageName(parent)) return header;
  const expected = parent === null ? "the state has no parent" : `the parent of its state is ${JSON.stringify(parent)}`;
  throw new ImageError(
    join(files.location, path),
    `it depends on ${JSON.stringify(join(dirname(path), backingFile))}, and ${expected}`,
  );
}

/** Returns the name of the image of a state. */
export function imageName(state: string | null): string | null {
  return state === null ? null : `${state}${IMAGE_END}`;
}
