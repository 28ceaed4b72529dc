// Lists a directory of any size: in one reply, or in parts of the same generation.

import { LISTING_MAX, LISTING_PART_MIN } from "../wire/decoder.ts";
import type { Progress } from "../events/progress.ts";
import type { Part } from "../wire/encoder.ts";
import { XenStoreError } from "../wire/errors.ts";
import { Operation } from "../wire/operations.ts";
import { splitStrings } from "../wire/text.ts";
import { type DirectoryPart, directoryPartReply } from "./replies.ts";

const MAX_STARTS = 64;
const TOO_LONG = `the list of children is longer than ${LISTING_MAX >> 20} MiB, or its parts do not end`;

/** Sends one request about the directory. */
export type Ask = <T>(operation: Operation, parse: (payload: Uint8Array) => T, parts: readonly Part[]) => Promise<T>;

/** The names of a directory's children. */
export async function listDirectory(ask: Ask, track: () => Progress | null = () => null): Promise<string[]> {
  try {
    return await ask(Operation.DIRECTORY, splitStrings, []);
  } catch (error) {
    if (!isTooBig(error)) throw error;
    return await listInParts(ask, error, track);
  }
}

/** Tells whether an error of DIRECTORY says that the names do not fit one reply. */
export function isTooBig(error: unknown): error is XenStoreError {
  return error instanceof XenStoreError && error.code === "E2BIG";
}

/** The names of a directory's children, which do not fit one reply, as the store said by the error `tooBig`. */
export async function listInParts(ask: Ask, tooBig: XenStoreError, track: () => Progress | null): Promise<string[]> {
  const progress = track();
  progress?.pulse();
  try {
    const names = await listParts(ask, tooBig);
    progress?.done();
    return names;
  } catch (failure) {
    progress?.fail();
    throw failure;
  }
}

async function listParts(ask: Ask, tooBig: XenStoreError): Promise<string[]> {
  for (let start = 0; start < MAX_STARTS; start++) {
    const names = await onePass(ask, tooBig);
    if (names !== null) return names;
  }
  throw new XenStoreError("EAGAIN", `the directory changed during each of ${MAX_STARTS} attempts to list it`, tooBig);
}

/** Returns the names of all parts; `null` if the directory changed between two of them. */
async function onePass(ask: Ask, tooBig: XenStoreError): Promise<string[] | null> {
  const names: string[] = [];
  let offset = 0;
  let counted = 0;
  for (let generation: string | null = null;;) {
    const part: DirectoryPart = await ask(Operation.DIRECTORY_PART, directoryPartReply, [`${offset}`])
      .catch((error: unknown) => {
        // The store does not have this operation: the first error is the result.
        throw error instanceof XenStoreError && error.code === "ENOSYS" ? tooBig : error;
      });
    generation ??= part.generation;
    if (part.generation !== generation) return null;
    for (const name of part.names) names.push(name);
    if (part.last) return names;
    offset += part.size;
    counted += Math.max(part.size, LISTING_PART_MIN);
    if (counted > LISTING_MAX) throw new XenStoreError("E2BIG", TOO_LONG, tooBig);
  }
}
