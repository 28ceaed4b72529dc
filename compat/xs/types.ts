// What the calls of xen.lowlevel.xs take and give.

import type { BlockingKind } from "../../src/blocking/transport.ts";

/** How to open a handle; the binding itself knows `readonly` alone. */
export interface XsOptions {
  /** Taken and not used, as the binding does. */
  readonly readonly?: number | boolean | undefined;
  /**
   * Where the store is: `"unix:/path"`, `"xenbus:/path"`, `"embedded:"`. Looked for without it, as libxenstore does.
   */
  readonly address?: string | undefined;
  /**
   * What `read()` gives: text, in which a byte that is no UTF-8 is escaped and not lost, or bytes. `"text"` by default.
   */
  readonly values?: "text" | "bytes" | undefined;
  /** The only way to speak to the store; without it, the fastest that there is. */
  readonly transport?: BlockingKind | undefined;
  /** Microseconds to look for a reply before the thread sleeps; 150 by default where there are two CPUs, else 0. */
  readonly spin?: number | undefined;
}

/** What a domain may do with a node: `read` is 0 or 1, `write` is 0 or 2. */
export interface XsPermission {
  /** The domain; of a node's first permission, its owner. */
  dom: number;
  /** 1 where it may read. */
  read: number;
  /** 2 where it may write. */
  write: number;
}

/** What `set_permissions` takes of a domain: any value but 0 and `false` is a yes. */
export interface XsPermissionInput {
  /** The domain. */
  readonly dom: number;
  /** Whether it may read. */
  readonly read?: number | boolean;
  /** Whether it may write. */
  readonly write?: number | boolean;
}

/** What happened to a watched node: its path, and the very value that `watch()` was given. */
export type XsEvent = readonly [path: string, token: unknown];
