// One request on its way through the daemon, and what reading its payload takes.

import type { Connection } from "../state/domains.ts";
import type { Core } from "../state/store.ts";
import { fail, Failure } from "../state/failure.ts";
import type { Transaction } from "../state/transaction.ts";
import { ancestors, type StoreNode, type View } from "../tree/tree.ts";
import { ABSOLUTE_PATH_MAX, RELATIVE_PATH_MAX } from "../../wire/path.ts";

/** A request that is being answered. */
export interface Call {
  readonly core: Core;
  readonly connection: Connection;
  /** The transaction that it belongs to. */
  readonly transaction: Transaction | null;
  /** The tree that it sees and changes: its transaction's, or the store's own. */
  readonly view: View;
  /** Its payload, a character for each byte. */
  readonly text: string;
  /** The same as it came, unless it is taken again from a transaction's record. */
  readonly payload: Uint8Array | null;
  /** What is sent behind the reply. */
  trailing: (() => void) | null;
}

/** Answers one operation: the payload of the reply, or why there is none. */
export type Handler = (call: Call) => string | Failure;

/** What most operations reply that change something. */
export const OK = "OK\0";

const legal = /^[A-Za-z0-9\-/_@]+$/;
const homePrefix = /^\/local\/domain\/\d{1,5}\//;

/** The only string of a payload, which ends it; null where there is more or less. */
export function onlyString({ text }: Call): string | null {
  return text !== "" && text.indexOf("\0") === text.length - 1 ? text.slice(0, -1) : null;
}

/** The strings of a payload that end with a NUL; what follows the last one is ignored. */
export function strings({ text }: Call): string[] {
  const pieces = text.split("\0");
  pieces.pop();
  return pieces;
}

/** Reads a domain's number as `strtoul` does, for which an empty text is 0. */
export function parseDomid(text: string): number | Failure {
  const [, sign, digits] = /^[ \t\n\v\f\r]*([+-]?)(\d+)$/.exec(text) ?? [];
  if (digits === undefined) return text === "" ? 0 : fail.EINVAL;
  const domid = Number(digits);
  return domid > 0xffff || (sign === "-" && domid !== 0) ? fail.EINVAL : domid;
}

/** Reads a number as `atoi` does: what is none is 0, and of a large one the lowest 32 bits count. */
export function atoi(text: string): number {
  const digits = /^[ \t\n\v\f\r]*([+-]?\d+)/.exec(text)?.[1] ?? "0";
  const value = Number(digits);
  if (Number.isSafeInteger(value)) return value | 0;
  const most = (1n << 63n) - 1n;
  return BigInt(digits) > most ? -1 : BigInt(digits) < -most ? 0 : Number(BigInt.asIntN(32, BigInt(digits)));
}

/** A path as the tree has it: absolute, or special where that is allowed (XSA-323). */
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
  return call.transaction === null ? node : meet(call, call.transaction, path, node) ?? node;
}

/** Has a transaction remember a path; a guest's may not have to do with too many. */
export function meet(call: Call, transaction: Transaction, path: string, node: StoreNode | undefined): Failure | null {
  const { accesses } = transaction;
  if (accesses.has(path)) return null;
  const { domain } = call.connection;
  if (!domain.privileged && domain.quotas.exceeds("transaction-nodes", accesses.size + 1)) {
    transaction.failed = true;
    return fail.ENOSPC;
  }
  accesses.set(path, { permissions: node?.permissions ?? null, fires: "none" });
  return null;
}

/**
 * What to say where a node is missing or may not be used: the truth only to those who have one of the wanted rights on the
 * nearest node above it that exists.
 */
export function masked(call: Call, path: string, failure: Failure, rights: number): Failure {
  const above = nearest(call, path);
  if (above instanceof Failure) return above;
  return (above.node.permissions.rightsOf(call.connection) & rights) !== 0 ? failure : fail.EACCES;
}

/** The nearest node above a path that is there. A transaction remembers to have met those on the way to it. */
export function nearest(call: Call, path: string): Found | Failure {
  const { path: above, node } = call.view.nearest(path);
  if (node === undefined) return fail.ENOENT;
  if (call.transaction === null) return { path: above, node };
  for (const ancestor of ancestors(path)) {
    const isThere = ancestor === above;
    const failure = meet(call, call.transaction, ancestor, isThere ? node : undefined);
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
