// Nodes that do not exist, and how to tell them from nodes that a guest may not read.

import { ConnectionError } from "../transport/errors.ts";
import { XenStoreError } from "../wire/errors.ts";
import { pathFault } from "../wire/path.ts";
import { TransactionEndedError } from "./errors.ts";

/** A name that no node has. */
const NO_NODE = "tsxs-no-node";

/** Whether the store answered that a node does not exist. */
export function isMissing(error: unknown): boolean {
  return hasCode(error, "ENOENT") && !(error instanceof TransactionEndedError);
}

/** Whether the store answered that the client may not read a node, or may not know whether the node exists. */
export function isDenied(error: unknown): boolean {
  return hasCode(error, "EACCES");
}

/**
 * Returns the path of a node that does not exist, beside another node. Returns `null` if no path can be had.
 *
 * The C daemon answers EACCES for a missing node if the guest may not read its nearest ancestor. Then it does so for
 * both nodes. If it answers ENOENT for the one that does not exist, EACCES for the other is a lack of rights.
 */
export function pathBeside(path: string): string | null {
  const beside = path.slice(0, path.lastIndexOf("/") + 1) + NO_NODE;
  return pathFault(beside) === null ? beside : null;
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof XenStoreError && !(error instanceof ConnectionError) && error.code === code;
}
