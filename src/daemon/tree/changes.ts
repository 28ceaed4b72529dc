// What changes in a tree, and what its nodes come to.

import type { Permissions } from "./permissions.ts";
import type { QuotaName } from "./quotas.ts";

/**
 * One step of what changed, to be kept or sent elsewhere. Taken again in their order they build the same tree, the
 * order of children included.
 */
export type Change =
  | {
    /** Makes a node, as the last child of a parent that is there, or changes the one that is there. */
    readonly kind: "put";
    readonly path: string;
    /** A character for each byte. */
    readonly value: string;
    readonly permissions: Permissions;
  }
  | {
    /** Removes a node and all below it. */
    readonly kind: "remove";
    readonly path: string;
  }
  | {
    /** Sets a quota: of one domain, or the one that new domains get. */
    readonly kind: "quota";
    readonly domid: number | null;
    readonly name: QuotaName;
    readonly value: number;
  }
  | {
    /** Forgets the quotas of a domain: a later one of its number starts with those of new domains. */
    readonly kind: "forget";
    readonly domid: number;
  };

/** What the nodes of an owner come to. */
export interface Usage {
  /** How many nodes a domain owns. */
  nodes: number;
  /** Their sizes together, as the quotas count them. */
  bytes: number;
  /** How many nodes of others name it in their permissions. */
  mentions: number;
}
