// The types of the arguments and results of xen.lowlevel.xs.

import type { BlockingKind } from "../../src/blocking/transport.ts";

/** The options of a handle. The binding itself knows `readonly` alone. */
export interface XsOptions {
  /**
   * Accepted and ignored, as by the binding.
   *
   * @default false
   */
  readonly readonly?: number | boolean | undefined;
  /**
   * The address of the store: `"unix:/path"`, `"xenbus:/path"` or `"embedded:"`.
   *
   * @default the store that libxenstore finds
   */
  readonly address?: string | undefined;
  /**
   * The type of the values that `read()` returns: text, in which bytes that are not UTF-8 are escaped without loss, or
   * bytes.
   *
   * @default "text"
   */
  readonly values?: "text" | "bytes" | undefined;
  /**
   * The transport to use.
   *
   * @default the fastest that works
   */
  readonly transport?: BlockingKind | undefined;
  /**
   * How long the thread polls for a reply before it sleeps, in microseconds from 0.
   *
   * @default 150 with two or more CPUs, 0 with one
   */
  readonly spin?: number | undefined;
}

/** What a domain may do with a node: `read` is 0 or 1, `write` is 0 or 2. */
export interface XsPermission {
  /** The domain; in the first permission of a node, the owner. */
  dom: number;
  /** 1 if the domain may read. */
  read: number;
  /** 2 if the domain may write. */
  write: number;
}

/** A permission for `set_permissions`. Every value except 0 and `false` grants the right. */
export interface XsPermissionInput {
  /** The domain. */
  readonly dom: number;
  /** Whether the domain may read. */
  readonly read?: number | boolean;
  /** Whether the domain may write. */
  readonly write?: number | boolean;
}

/** An event: the path of the node, and the value that `watch()` was given as the token, of the type `T`. */
export type XsEvent<T = unknown> = readonly [path: string, token: T];
