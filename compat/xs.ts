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
 * An open handle to a store, as Python's `xen.lowlevel.xs.xs`. `V` is the type of the values that `read()` returns.
 *
 * If the store refuses or the connection is over, every method fails with an {@linkcode Error} whose `args` are
 * `[errno, text]`; on a closed handle the number is 22. An invalid argument is a `TypeError` or `RangeError` with
 * Python's name and words. A transaction is a hexadecimal string; `"0"` or `""` means none.
 *
 * Between two calls, and while a call waits for an event, handlers of SIGHUP, SIGINT and SIGTERM run. The call throws
 * the exception of a handler.
 *
 * Methods are bound to the handle: `const { ls } = h` and `paths.map(h.ls.bind(h, ""))` work. The index and the array
 * that `map()` adds are not arguments of the call.
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
  /** The transport of the handle. Not in Python. */
  readonly transport: BlockingKind;
  /** The address of the store. Not in Python. */
  readonly address: string;
  /**
   * Reads the value of a node.
   *
   * @param transaction The transaction, or `"0"` or `""` for none.
   * @param path The node.
   * @returns The value, or `null` if the node does not exist.
   * @throws {Error} If the store refuses, or the connection is over.
   */
  read(transaction: string, path: string): V | null;
  /**
   * Writes the value of a node, and makes the node and its missing parents.
   *
   * @param transaction The transaction, or `"0"` or `""` for none.
   * @param path The node.
   * @param data The value.
   * @returns `null`, as Python gives `None`.
   * @throws {Error} If the store refuses, or the connection is over.
   */
  write(transaction: string, path: string, data: string | Uint8Array): null;
  /**
   * Lists the names of the children of a node.
   *
   * @param transaction The transaction, or `"0"` or `""` for none.
   * @param path The node.
   * @returns The names, or `null` if the node does not exist.
   * @throws {Error} If the store refuses, or the connection is over.
   */
  ls(transaction: string, path: string): string[] | null;
  /**
   * Makes a node and its missing parents.
   *
   * @param transaction The transaction, or `"0"` or `""` for none.
   * @param path The node.
   * @returns `null`, as Python gives `None`.
   * @throws {Error} If the store refuses, or the connection is over.
   */
  mkdir(transaction: string, path: string): null;
  /**
   * Removes a node and everything below it. The node need not exist.
   *
   * @param transaction The transaction, or `"0"` or `""` for none.
   * @param path The node.
   * @returns `null`, as Python gives `None`.
   * @throws {Error} If the store refuses, or the connection is over.
   */
  rm(transaction: string, path: string): null;
  /**
   * Reads the permissions of a node, with that of the owner first.
   *
   * @param transaction The transaction, or `"0"` or `""` for none.
   * @param path The node.
   * @returns The permissions.
   * @throws {Error} If the store refuses, or the connection is over.
   */
  get_permissions(transaction: string, path: string): XsPermission[];
  /**
   * Sets the permissions of a node. If the first permission gives a right to a domain other than 0, domain 0 is put
   * before it as the owner.
   *
   * @param transaction The transaction, or `"0"` or `""` for none.
   * @param path The node.
   * @param perms The permissions.
   * @returns `null`, as Python gives `None`.
   * @throws {Error} If the store refuses, or the connection is over.
   */
  set_permissions(transaction: string, path: string, perms: readonly XsPermissionInput[]): null;
  /**
   * Watches a node and everything below it. Events wait without a limit until they are taken, as in Python.
   *
   * @param path The node.
   * @param token Any value. Tokens are compared by identity.
   * @returns `null`, as Python gives `None`.
   * @throws {Error} If the store refuses, or the connection is over.
   */
  watch(path: string, token: unknown): null;
  /**
   * Ends a watch. Events that wait are delivered if another watch has the same token.
   *
   * @param path The path of the watch.
   * @param token The token of the watch.
   * @returns `null`, as Python gives `None`.
   * @throws {Error} If the store refuses, or the connection is over.
   */
  unwatch(path: string, token: unknown): null;
  /**
   * Waits for the next event.
   *
   * Handlers of SIGHUP, SIGINT and SIGTERM run during the wait, which ends if a handler throws. Handlers of other
   * signals run after it, on the event loop. Over the XenBus device by the transport `"descriptor"`, all handlers run
   * after the next event. On Deno without `--allow-ffi`, they run on the event loop alone: use `watch_ready()`.
   *
   * @typeParam T The type of the token, which is not checked.
   * @returns The event.
   * @throws {Error} If the store refuses, or the connection is over.
   */
  read_watch<T = unknown>(): XsEvent<T>;
  /**
   * Takes the next event, if one waits.
   *
   * @typeParam T The type of the token, which is not checked.
   * @returns The event, or `null` if none waits.
   * @throws {Error} If the watch of the event has ended: 11.
   */
  check_watch<T = unknown>(): XsEvent<T> | null;
  /**
   * Waits until `read_watch()` would return without waiting. Not in Python.
   *
   * Use it as `select([h.fileno()], [], [], seconds)`. It also removes events whose watch has ended.
   *
   * @param seconds The longest wait in seconds; without it, the wait has no end.
   * @returns Whether an event waits.
   * @throws {Error} If the store refuses, or the connection is over.
   */
  wait_watch(seconds?: number): boolean;
  /**
   * Waits as `wait_watch()` does, but does not block: the event loop runs during the wait. Not in Python.
   *
   * The handle can be used during the wait.
   *
   * @param seconds The longest wait in seconds; without it, the wait has no end.
   * @returns Whether an event waits.
   * @throws {Error} If the connection is over, or the handle is closed.
   *
   * @example
   * ```ts
   * import { xs } from "tsxs/xs";
   *
   * const h = xs();
   * h.watch("/tool/example", "token");
   * if (await h.watch_ready(1)) console.log(h.read_watch()[0]); // /tool/example
   * h.close();
   * ```
   */
  watch_ready(seconds?: number): Promise<boolean>;
  /**
   * Iterates over the events without blocking, as `loop.add_reader(h.fileno(), f)` does. Not in Python.
   *
   * The iteration ends when the handle is closed. `for await (const [path, token] of h)` does the same.
   *
   * @typeParam T The type of the tokens, which is not checked.
   * @returns A generator of the events.
   * @throws {Error} If the connection is over.
   *
   * @example
   * ```ts
   * import { xs } from "tsxs/xs";
   *
   * const h = xs();
   * h.watch("/tool/example", { name: "a token" });
   * for await (const [path, token] of h.events<{ name: string }>()) {
   *   console.log(path, token.name); // /tool/example a token
   *   h.close();
   * }
   * ```
   */
  events<T = unknown>(): AsyncGenerator<XsEvent<T>, void, undefined>;
  /** Iterates over the events without blocking, as `events()` does. */
  [Symbol.asyncIterator](): AsyncGenerator<XsEvent, void, undefined>;
  /**
   * Returns a descriptor to poll for events, by code that calls `poll()` or `epoll_wait()` itself.
   *
   * Do not read from it, and do not give it to `net.Socket` or `fs`: they would take bytes of the connection. No
   * runtime polls a descriptor of another library: use `watch_ready()`. Over the transport `"ffi"`, on Deno and Bun,
   * the descriptor is readable if an event waits. Over `"descriptor"`, on Node, it is that of the connection, which
   * tells nothing of events that were received with a reply: call `check_watch()` until it returns `null`, then poll.
   *
   * @returns The number of the descriptor.
   * @throws {Error} If the transport is `"worker"`, since this thread has no descriptor: 38 (ENOSYS).
   */
  fileno(): number;
  /**
   * Starts a transaction.
   *
   * @returns The transaction.
   * @throws {Error} If the store refuses, or the connection is over.
   */
  transaction_start(): string;
  /**
   * Commits a transaction, or rolls it back. Keywords are given as an object: `transaction_end(t, { abort: 1 })`.
   *
   * @param transaction The transaction.
   * @param abort Whether to roll back.
   * @returns Whether the transaction took effect; false if it conflicted and must be done again.
   * @throws {Error} If the store refuses, or the connection is over.
   */
  transaction_end(
    transaction: string,
    abort?: number | boolean | { readonly abort?: number | boolean | undefined },
  ): boolean;
  /**
   * Commits a transaction, or rolls it back, with keywords alone.
   *
   * @param keywords The transaction, and whether to roll back.
   * @returns Whether the transaction took effect; false if it conflicted and must be done again.
   * @throws {Error} If the store refuses, or the connection is over.
   */
  transaction_end(keywords: { readonly transaction: string; readonly abort?: number | boolean | undefined }): boolean;
  /**
   * Introduces a domain.
   *
   * @param dom The number of the domain.
   * @param page The guest frame number of its XenStore page.
   * @param port Its event channel.
   * @returns `null`, as Python gives `None`.
   * @throws {Error} If the store refuses, or the connection is over.
   */
  introduce_domain(dom: number, page: number | bigint, port: number): null;
  /**
   * Gives a domain the rights of another domain, its target.
   *
   * @param dom The domain that gets the rights.
   * @param target The domain that has the rights.
   * @returns `null`, as Python gives `None`.
   * @throws {Error} If the store refuses, or the connection is over.
   */
  set_target(dom: number, target: number): null;
  /**
   * Notes that a domain that shut down runs again.
   *
   * @param dom The number of the domain.
   * @returns `null`, as Python gives `None`.
   * @throws {Error} If the store refuses, or the connection is over.
   */
  resume_domain(dom: number): null;
  /**
   * Releases a domain.
   *
   * @param dom The number of the domain.
   * @returns `null`, as Python gives `None`.
   * @throws {Error} If the store refuses, or the connection is over.
   */
  release_domain(dom: number): null;
  /**
   * Gets the path of a domain's home, whether or not the domain exists.
   *
   * @param domid The number of the domain.
   * @returns The path.
   * @throws {Error} If the store refuses, or the connection is over.
   */
  get_domain_path(domid: number): string;
  /**
   * Tells whether the store communicates with a domain. libxenstore has this call, the binding does not.
   *
   * @param domid The number of the domain.
   * @returns Whether the domain is introduced; false if the store does not tell.
   * @throws {Error} If the store refuses, or the connection is over.
   */
  is_domain_introduced(domid: number): boolean;
  /**
   * Closes the handle.
   *
   * Unlike Python's, it ignores arguments, so that it can be a listener: `process.on("exit", h.close)`.
   *
   * @returns `null`, as Python gives `None`.
   * @throws {Error} If the handle is closed: 22.
   */
  close(): null;
  /** Closes the handle, unless it is closed. */
  [Symbol.dispose](): void;
}

/** How `xs` is called, with `new` or without. */
export interface XsConstructor {
  /**
   * Opens a handle whose values are bytes.
   *
   * @param options The options of the handle.
   * @returns The handle.
   * @throws {Error} If no store can be reached.
   */
  new (options: XsOptions & { readonly values: "bytes" }): xs<Uint8Array>;
  /**
   * Opens a handle.
   *
   * @param readonly Accepted and ignored, as by the binding; or the options.
   * @param options The options of the handle.
   * @returns The handle.
   * @throws {Error} If no store can be reached.
   */
  new (readonly?: number | boolean | XsOptions, options?: XsOptions): xs;
  /**
   * Opens a handle whose values are bytes.
   *
   * @param options The options of the handle.
   * @returns The handle.
   * @throws {Error} If no store can be reached.
   */
  (options: XsOptions & { readonly values: "bytes" }): xs<Uint8Array>;
  /**
   * Opens a handle.
   *
   * @param readonly Accepted and ignored, as by the binding; or the options.
   * @param options The options of the handle.
   * @returns The handle.
   * @throws {Error} If no store can be reached.
   */
  (readonly?: number | boolean | XsOptions, options?: XsOptions): xs;
}

/** The options that the binding does not know. Python's rules apply to all others. */
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
 * Opens a handle to the store, with `new` or without.
 *
 * @throws {Error} If no store can be reached.
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
  // An arrow function cannot be called with `new`.
  function (...args: readonly unknown[]): xs<string | Uint8Array> {
    return open(...args);
  },
  { prototype: Handle.prototype },
) as unknown as XsConstructor;
