/**
 * Python's `xen.lowlevel.xs` for Deno, Bun and Node: the same calls, which block, with the same results and failures.
 *
 * @example
 * ```ts
 * import { xs } from "tsxs/xs";
 *
 * const h = xs();
 * while (true) {
 *   const t = h.transaction_start();
 *   h.write(t, "/tool/example", "hello");
 *   if (h.transaction_end(t)) break;
 * }
 * console.log(h.read("0", "/tool/example")); // hello
 * h.close();
 * ```
 *
 * @module
 */

import type { BlockingKind } from "../src/blocking/transport.ts";
import { Handle } from "./xs/handle.ts";
import { int, keywords, parted, pythonError } from "./python.ts";
import type { XsEvent, XsOptions, XsPermission, XsPermissionInput } from "./xs/types.ts";

export { Error } from "./xs/error.ts";
export type { BlockingKind, XsEvent, XsOptions, XsPermission, XsPermissionInput };

/**
 * An open handle to a store, as Python's `xen.lowlevel.xs.xs`.
 *
 * Every method throws {@linkcode Error} with `[errno, text]` where the store refuses or the connection is over, with 22
 * on a closed handle; a `TypeError` or `RangeError` with Python's name and words where an argument is wrong. A
 * transaction is a hexadecimal string, `"0"` or `""` for none. `V` is what `read()` gives.
 *
 * @example
 * ```ts
 * import { Error as XsError, xs } from "tsxs/xs";
 *
 * const h = xs();
 * try {
 *   h.mkdir("0", "no path");
 * } catch (error) {
 *   if (!(error instanceof XsError)) throw error;
 *   console.log(error.args[0], error.args[1]); // 22 Invalid argument
 * }
 * h.close();
 * ```
 */
export interface xs<V extends string | Uint8Array = string> {
  /** Which way the handle speaks to the store. Not in Python. */
  readonly transport: BlockingKind;
  /** Where the store is. Not in Python. */
  readonly address: string;
  /** The value of a node; `null` where there is none. */
  read(transaction: string, path: string): V | null;
  /** Sets the value of a node, and makes it and its parents where they are missing. */
  write(transaction: string, path: string, data: string | Uint8Array): null;
  /** The names of a node's children; `null` where there is no such node. */
  ls(transaction: string, path: string): string[] | null;
  /** Makes a node and its parents where they are missing. */
  mkdir(transaction: string, path: string): null;
  /** Removes a node and all below it; one that is missing is fine. */
  rm(transaction: string, path: string): null;
  /** The permissions of a node, its owner's first. */
  get_permissions(transaction: string, path: string): XsPermission[];
  /**
   * Sets the permissions of a node. Where the first one gives a domain other than 0 a right, domain 0 is put in front
   * of it as the owner.
   */
  set_permissions(transaction: string, path: string, perms: readonly XsPermissionInput[]): null;
  /** Watches a node and all below it; the token is any value, and told apart by identity. */
  watch(path: string, token: unknown): null;
  /** Ends a watch. Events that wait are still given while another watch has the token. */
  unwatch(path: string, token: unknown): null;
  /** Waits for the next event. Signals of JavaScript do not run meanwhile. */
  read_watch(): XsEvent;
  /** The next event if one waits, else `null`. Throws 11 where its watch was ended. */
  check_watch(): XsEvent | null;
  /**
   * Waits until `read_watch()` would not wait, at most so many seconds; returns whether that is so. It is what
   * `select([h.fileno()], [], [], seconds)` is for, and takes events out whose watch was ended. Not in Python.
   */
  wait_watch(seconds?: number): boolean;
  /**
   * A descriptor to poll for events: one that is readable when an event waits, over the transport `"ffi"`. Over
   * `"descriptor"` it is the connection's own, which says nothing of events that were received along with a reply.
   * Throws 38 (ENOSYS) over `"worker"`, where this thread has none.
   */
  fileno(): number;
  /** Starts a transaction. */
  transaction_start(): string;
  /**
   * Commits a transaction, or throws it away; `false` where it conflicted and has to be done again. Keywords are given
   * as an object: `transaction_end(t, { abort: 1 })`.
   */
  transaction_end(
    transaction: string,
    abort?: number | boolean | { readonly abort?: number | boolean | undefined },
  ): boolean;
  /** The same by keywords alone. */
  transaction_end(keywords: { readonly transaction: string; readonly abort?: number | boolean | undefined }): boolean;
  /** Tells the store of a domain. */
  introduce_domain(dom: number, page: number | bigint, port: number): null;
  /** Gives a domain the rights of another. */
  set_target(dom: number, target: number): null;
  /** Makes the store forget that a domain has shut down. */
  resume_domain(dom: number): null;
  /** Makes the store let go of a domain. */
  release_domain(dom: number): null;
  /** The path of a domain's home, whether or not there is such a domain. */
  get_domain_path(domid: number): string;
  /**
   * Whether the store speaks with a domain; `false` where it will not say. libxenstore has it, the binding does not.
   */
  is_domain_introduced(domid: number): boolean;
  /** Ends the handle. A second time it throws 22. */
  close(): null;
  /** Ends the handle, if that was not done: for `using`. */
  [Symbol.dispose](): void;
}

/** `xs` as it is called, with `new` or without. */
export interface XsConstructor {
  /** Opens a handle whose values are bytes. */
  new (options: XsOptions & { readonly values: "bytes" }): xs<Uint8Array>;
  /** Opens a handle. */
  new (readonly?: number | boolean | XsOptions, options?: XsOptions): xs;
  /** Opens a handle whose values are bytes. */
  (options: XsOptions & { readonly values: "bytes" }): xs<Uint8Array>;
  /** Opens a handle. */
  (readonly?: number | boolean | XsOptions, options?: XsOptions): xs;
}

/** The options that the binding does not know, without which Python's rules are followed. */
const OWN = ["address", "values", "transport", "spin"];

function open(...args: readonly unknown[]): xs<string | Uint8Array> {
  const { positional, named } = parted(args, 0);
  const options: XsOptions = named ?? {};
  const others = Object.entries(named ?? {}).filter(([name]) => !OWN.includes(name));
  try {
    keywords(positional, Object.fromEntries(others), ["readonly"], 0, int);
  } catch {
    throw pythonError("SystemError", "<class 'xen.lowlevel.xs.Error'> returned a result with an exception set");
  }
  return new Handle(options);
}

/**
 * Opens a handle to the store, with `new` or without. Throws {@linkcode Error} where there is none, or it cannot be
 * reached.
 *
 * @example
 * ```ts
 * import { xs } from "tsxs/xs";
 *
 * const h = xs({ values: "bytes" });
 * h.write("0", "/tool/example", new Uint8Array([0, 255]));
 * console.log(h.read("0", "/tool/example")?.[1]); // 255
 * h.close();
 * ```
 */
export const xs: XsConstructor = Object.assign(
  // No arrow function: those cannot be called with `new`.
  function (...args: readonly unknown[]): xs<string | Uint8Array> {
    return open(...args);
  },
  { prototype: Handle.prototype },
) as unknown as XsConstructor;
