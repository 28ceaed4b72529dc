// Which errors of a mirror are faults of the mirror, and which are faults of this host.

import { IntegrityError } from "./copy.ts";
import { StateError } from "./errors.ts";
import type { PoolFiles } from "./files.ts";
import { arisesAt } from "./location_of.ts";
import { ImageError } from "./qcow2/header.ts";
import { RemoteError } from "./sftp/errors.ts";

/** Tells whether an error of bringing a state to this host arose at the files of the mirror. */
export function isFaultOf(mirror: Pick<PoolFiles, "location">, error: unknown): boolean {
  // An image is checked after its content has arrived as the mirror has it. This host is not reached by a connection,
  // whose error may have the location of another mirror of its host.
  return error instanceof ImageError || error instanceof RemoteError || arisesAt(mirror, error);
}

/** Waits for a comparison. A state of this host that is damaged, or lacks its parent, is not the same. */
export async function isSameHere(mirror: Pick<PoolFiles, "location">, compare: Promise<boolean>): Promise<boolean> {
  try {
    return await compare;
  } catch (error) {
    if (isFaultOf(mirror, error)) throw error;
    if (error instanceof IntegrityError || error instanceof StateError) return false;
    throw error;
  }
}
