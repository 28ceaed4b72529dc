// Tells nodes that do not exist from nodes that a guest may not read.

import { ConnectionError } from "../transport/errors.ts";
import { XenStoreError } from "../wire/errors.ts";
import { pathFault } from "../wire/path.ts";
import { TransactionEndedError } from "./errors.ts";

/** A name that no node has. */
const NO_NODE = "tsxs-no-node";

/**
 * Returns `missing` if the error of a read says that the node does not exist, and otherwise throws the error.
 *
 * The C daemon answers EACCES for a missing node if the guest may not read its nearest ancestor. Then it does so for
 * every missing node beside it: the store does not tell, and the node counts as missing. If it answers ENOENT for a
 * missing node beside it, the EACCES is a lack of rights.
 */
export function missingOr<D>(
  error: unknown,
  path: string,
  missing: D,
  read: (path: string) => Promise<unknown>,
): D | Promise<D> {
  if (isMissing(error)) return missing;
  // The root always exists.
  if (!isDenied(error) || path === "/") throw error;
  const beside = path.slice(0, path.lastIndexOf("/") + 1) + NO_NODE;
  // No path is left to ask for.
  if (pathFault(beside) !== null) return missing;
  return read(beside).then(() => {
    throw error;
  }, (other: unknown) => {
    if (isDenied(other)) return missing;
    throw isMissing(other) ? error : other;
  });
}

/** Returns `null` for the error of a node that does not exist or may not be read; throws any other error. */
export function unreadable(error: unknown): null {
  if (isMissing(error) || isDenied(error)) return null;
  throw error;
}

function isMissing(error: unknown): boolean {
  return hasCode(error, "ENOENT") && !(error instanceof TransactionEndedError);
}

function isDenied(error: unknown): boolean {
  return hasCode(error, "EACCES");
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof XenStoreError && !(error instanceof ConnectionError) && error.code === code;
}
