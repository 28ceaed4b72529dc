// Finds the node that a request names, as far as the connection may know of it.

import { ABSOLUTE_PATH_MAX, RELATIVE_PATH_MAX } from "../../wire/path.ts";
import type { Connection } from "../state/domains.ts";
import { fail, Failure } from "../state/failure.ts";
import type { StoreNode } from "../tree/store_node.ts";
import { ancestors } from "../tree/paths.ts";
import type { Call } from "./call.ts";

const legal = /^[A-Za-z0-9\-/_@]+$/;
const homePrefix = /^\/local\/domain\/\d{1,5}\//;

/** Returns a path as the tree has it: absolute, or special if that is allowed (XSA-323). */
export function canonical(connection: Connection, path: string, special: boolean): string | Failure {
  if (!legal.test(path)) return fail.EINVAL;
  const first = path.charAt(0);
  if (first === "@" && !special) return fail.EINVAL;
  const isRelative = first !== "/" && first !== "@";
  const name = isRelative ? `${connection.home}/${path}` : path;
  if (name === "/") return name;
  if (name.endsWith("/") || name.includes("//") || name.length > ABSOLUTE_PATH_MAX) return fail.EINVAL;
  // The protocol's own limits bind domain 0, and the quota guests, below whosever home the path is.
  const { domain: { quotas, privileged } } = connection;
  if (privileged) return isRelative && path.length > RELATIVE_PATH_MAX ? fail.EINVAL : name;
  if (!quotas.exceeds("path-max", name.length)) return name;
  const stripped = name.length - (homePrefix.exec(name)?.[0].length ?? 0);
  return quotas.exceeds("path-max", stripped) ? fail.EINVAL : name;
}

/** The node at a path, which a transaction remembers to have met. */
export function look(call: Call, path: string): StoreNode | undefined | Failure {
  const node = call.view.get(path);
  return call.transaction?.meet(path, node) ?? node;
}

/**
 * Returns the failure to report for a node that does not exist or may not be used: the true one only to domains that
 * have one of the given rights on the nearest existing node above.
 */
export function masked(call: Call, path: string, failure: Failure, rights: number): Failure {
  const above = nearest(call, path);
  if (above instanceof Failure) return above;
  return (above.node.permissions.rightsOf(call.connection) & rights) !== 0 ? failure : fail.EACCES;
}

/**
 * The nearest node above a path that is there. A transaction remembers to have met those on the way to it. Above a path
 * that it has met, it has met all of them, unless it failed on the way: so depth costs once, not with every request.
 */
export function nearest(call: Call, path: string): Found | Failure {
  const { path: above, node } = call.view.nearest(path);
  if (node === undefined) return fail.ENOENT;
  if (call.transaction === null) return { path: above, node };
  const { accesses, failed } = call.transaction;
  for (const ancestor of ancestors(path)) {
    if (!failed && accesses.has(ancestor)) break;
    const isThere = ancestor === above;
    const failure = call.transaction.meet(ancestor, isThere ? node : undefined);
    if (failure !== null) return failure;
    if (isThere) break;
  }
  return { path: above, node };
}

/** A node that a request wants to use, and its path. */
export interface Found {
  readonly path: string;
  readonly node: StoreNode;
}

/** A node that is not there, and that the request may know not to be there. */
export interface Missing {
  readonly path: string;
  readonly node: null;
}

/** Finds the node that a request names, if it has these rights on it. */
export function find(call: Call, name: string | null, rights: number, special = false): Found | Missing | Failure {
  if (name === null) return fail.EINVAL;
  const path = canonical(call.connection, name, special);
  if (path instanceof Failure) return path;
  const node = look(call, path);
  if (node instanceof Failure) return node;
  if (node === undefined) {
    const failure = masked(call, path, fail.ENOENT, rights);
    return failure === fail.ENOENT ? { path, node: null } : failure;
  }
  if ((node.permissions.rightsOf(call.connection) & rights) !== rights) {
    return masked(call, path, fail.EACCES, rights);
  }
  return { path, node };
}
