// The permissions of a node.

import { DOMID_ANY } from "../../wire/permissions.ts";

/** Rights, as bits. */
export const Right = { READ: 1, WRITE: 2, OWNER: 4 } as const;
const ALL = Right.READ | Right.WRITE | Right.OWNER;
const LETTERS = "nrwb";

/** One entry of a node's permissions. */
export interface Entry {
  /** The domain, as the 32-bit number that the protocol's text gives. */
  readonly domid: number;
  /** {@linkcode Right}s, without OWNER. */
  readonly rights: number;
  /** Whether it is only listed: the domain did not exist when it was set, and a later one of its number is another. */
  readonly ignored: boolean;
}

/** Whom a request comes from. */
export interface Subject {
  /** The domain. */
  readonly domid: number;
  /** Whether it is domain 0, which may do everything. */
  readonly privileged: boolean;
  /** The domain on whose behalf it may act (SET_TARGET). */
  readonly target: number | null;
}

/** A node's permissions: its owner with the rights of those not listed, then those listed. Never changes. */
export class Permissions {
  /** The entries; there is at least one. */
  readonly entries: readonly Entry[];
  /** The owner. */
  readonly owner: number;
  #derived: Permissions | null = null;

  /** Takes at least one entry. */
  constructor(entries: readonly Entry[]) {
    const [first] = entries;
    if (first === undefined) throw new RangeError("permissions have at least one entry");
    this.entries = entries;
    this.owner = first.domid;
  }

  /** The same, of another owner: what a guest's new node inherits. */
  ownedBy(domid: number): Permissions {
    if (domid === this.owner) return this;
    if (this.#derived?.owner === domid) return this.#derived;
    const [first, ...rest] = this.entries;
    return this.#derived = new Permissions([{ domid, rights: first?.rights ?? 0, ignored: false }, ...rest]);
  }

  /**
   * Returns the permissions without the entries of a domain that no longer exists, except for its ownership; the same
   * object if there are no such entries.
   */
  without(domid: number): Permissions {
    const kept = this.entries.filter((entry, i) => i === 0 || entry.domid !== domid);
    return kept.length === this.entries.length ? this : new Permissions(kept);
  }

  /** What a domain may do: its own entry decides, or else its target's, whichever comes first. */
  rightsOf(who: Subject): number {
    if (who.privileged) return ALL;
    let rights = 0;
    for (let i = 0; i < this.entries.length; i++) {
      const entry = this.entries[i];
      if (entry === undefined) break;
      if (i === 0) rights = entry.rights;
      if (entry.domid !== who.domid && entry.domid !== who.target && entry.domid !== DOMID_ANY) continue;
      if (i === 0) return ALL;
      if (!entry.ignored) return entry.rights;
    }
    return rights;
  }

  /** As GET_PERMS gives them. */
  toString(): string {
    return this.entries.map(({ domid, rights }) => `${LETTERS[rights]}${domid | 0}\0`).join("");
  }
}

/**
 * Parses a permission as the C daemon does, which accepts every number that `strtol` accepts; `null` if the text is
 * invalid.
 */
export function parseEntry(text: string): Omit<Entry, "ignored"> | null {
  const rights = LETTERS.indexOf(text.charAt(0));
  const [number, sign, hexadecimal, octal, decimal] =
    /^[ \t\n\v\f\r]*([+-]?)(?:0[xX]([0-9a-fA-F]+)|(0[0-7]*)|([1-9][0-9]*))$/.exec(text.slice(1)) ?? [];
  if (text === "" || rights < 0 || number === undefined) return null;
  const size = hexadecimal !== undefined
    ? BigInt(`0x${hexadecimal}`)
    : octal !== undefined
    ? BigInt(`0o${octal}`)
    : BigInt(decimal ?? 0);
  const limit = 1n << 63n;
  const value = sign === "-" ? (size > limit ? -limit : -size) : (size >= limit ? limit - 1n : size);
  return { domid: Number(BigInt.asUintN(32, value)), rights };
}
