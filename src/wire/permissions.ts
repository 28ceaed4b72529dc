// Permissions of a node, and the text that stands for one on the wire.

import { shown, wholeFault } from "./checks.ts";

/**
 * What one domain may do with a node.
 *
 * The first permission of a node is special: its `domid` is the owner of the node, which may do everything. Its `read`
 * and `write` apply to every domain that no other permission names. Source: Xen's `docs/misc/xenstore.txt`,
 * "Permissions".
 */
export interface Permission {
  /** The domain, 0 to 65535. */
  readonly domid: number;
  /** Whether it may read the value, the children and the permissions. */
  readonly read: boolean;
  /** Whether it may change the value, and make and remove children. */
  readonly write: boolean;
}

/**
 * The domid that stands for every domain in a permission; a store of Xen 4.22 or later knows it.
 *
 * @example
 * ```ts
 * import { connect, DOMID_ANY } from "tsxs";
 *
 * await using store = await connect("embedded:");
 * await store.mkdir("/tool/public");
 * await store.setPerms("/tool/public", ["n0", `r${DOMID_ANY}`]);
 * console.log((await store.getPerms("/tool/public"))[1]?.domid); // 32757
 * ```
 */
export const DOMID_ANY = 0x7ff5;

/** The largest number of a domain. */
export const DOMID_MAX = 0xffff;

const letters = { n: [false, false], r: [true, false], w: [false, true], b: [true, true] } as const;
const syntax = /^([nrwb])(\d+)$/;
// On oxenstored a guest may set it. A narrower limit would let a guest end the connection of every reader of its nodes.
const REPLY_DOMID_MAX = 2 ** 62;
// C prints a domid as a signed 32-bit number, and checks only that of the first permission.
const replySyntax = /^([nrwb])(-?\d+)$/;

function parse(text: string, pattern: RegExp): Permission | null {
  const [, letter, digits] = pattern.exec(text) ?? [];
  if (letter === undefined) return null;
  const [read, write] = letters[letter as keyof typeof letters];
  return { domid: Number(digits), read, write };
}

/** Parses a permission as a user writes it, such as `"r5"`. Returns `null` if the text is invalid. */
export function parsePermission(text: string): Permission | null {
  return parse(text, syntax);
}

/**
 * Parses a permission as a store sends it. Returns `null` if the text is invalid, or the domid is beyond what any store
 * holds. A domid of oxenstored, which checks none, has up to 63 bits; one beyond 2^53 is rounded.
 */
export function parsePermissionReply(text: string): Permission | null {
  const permission = parse(text, replySyntax);
  return permission === null || Math.abs(permission.domid) > REPLY_DOMID_MAX ? null : permission;
}

/** Writes a permission as the wire has it: `"n0"`, `"r5"`, `"w5"`, `"b5"`. */
export function formatPermission({ domid, read, write }: Permission): string {
  return `${read ? (write ? "b" : "r") : write ? "w" : "n"}${domid}`;
}

/** Returns what is wrong with a permission, or `null` if it is valid. */
export function permissionFault({ domid }: Permission): string | null {
  return wholeFault("domid", domid, 0, DOMID_MAX) === null
    ? null
    : `domid ${shown(domid)} is not a whole number from 0 to ${DOMID_MAX}`;
}
