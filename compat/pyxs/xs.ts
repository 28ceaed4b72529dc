// The class of pyxs that has the calls of xen.lowlevel.xs, on pyxs's own client and monitor.

import { refuseClones } from "../../src/transport/uncloneable.ts";
import { bindMethods } from "../bound.ts";
import { isDict } from "../python.ts";
import { Aliases } from "./aliases.ts";
import { Client, type Monitor } from "./client.ts";
import { type Bytes, text } from "./helpers.ts";
import { isErrno } from "./operations.ts";
import type { ClientOptions } from "./options.ts";
import { transactionOf, type XsEvent, type XsTransaction } from "./xs_values.ts";

/**
 * An open handle of `pyxs.xs`: the calls of `xen.lowlevel.xs` with the arguments and failures of pyxs.
 *
 * Paths and values are text or bytes, and come back as text. Permissions are a list such as `["n0", "r5"]`. Every
 * failure is a {@linkcode PyXSError}, also that of `read()` for a missing node. A handle has one transaction at a time:
 * the one of the last call.
 *
 * @example
 * ```ts
 * import { Error as XsError, xs } from "tsxs/pyxs";
 *
 * const h = xs();
 * h.write(null, "/tool/example", "hello");
 * h.set_permissions(null, "/tool/example", ["n0", "r5"]);
 * console.log(h.read(0, "/tool/example")); // hello
 * try {
 *   h.read(0, "/no/such/node");
 * } catch (e) {
 *   if (!(e instanceof XsError)) throw e;
 *   console.log(e.args[0]); // 2
 * }
 * h.close();
 * ```
 */
export class XsHandle {
  /** The client of the handle. */
  readonly client: Client;
  /** The monitor of the handle. */
  readonly monitor: Monitor;
  readonly #aliases = new Aliases();

  /**
   * Opens a handle.
   *
   * @param options The options of the client. pyxs has none here.
   * @throws {ConnectionError} If the store cannot be reached.
   */
  constructor(options: ClientOptions = {}) {
    this.client = new Client(options);
    this.client.connect();
    this.monitor = this.client.monitor();
    bindMethods(this);
    refuseClones(this);
  }

  /** Closes the handle. Closing twice is fine. */
  close(): null {
    this.client.close();
    return null;
  }

  /** Closes the handle: for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * Reads the permissions of a node, with that of the owner first: `"n0"`, `"r5"`.
   *
   * @param tx_id The transaction.
   * @param path The node.
   * @returns The permissions.
   * @throws {PyXSError} If the store refuses.
   */
  get_permissions(tx_id: XsTransaction, path: Bytes): string[] {
    return this.#within(tx_id).get_perms(path);
  }

  /**
   * Sets the permissions of a node.
   *
   * @param tx_id The transaction.
   * @param path The node.
   * @param perms The permissions.
   * @returns `null`, as Python gives `None`.
   * @throws {InvalidPermission} If a permission is invalid.
   * @throws {PyXSError} If the store refuses.
   */
  set_permissions(tx_id: XsTransaction, path: Bytes, perms: readonly Bytes[]): null {
    this.#within(tx_id).set_perms(path, perms);
    return null;
  }

  /**
   * Lists the names of the children of a node.
   *
   * @param tx_id The transaction.
   * @param path The node.
   * @returns The names, or `null` if the node does not exist.
   * @throws {PyXSError} If the store refuses.
   */
  ls(tx_id: XsTransaction, path: Bytes): string[] | null {
    const client = this.#within(tx_id);
    try {
      return client.list(path);
    } catch (thrown) {
      if (isErrno(thrown, "ENOENT")) return null;
      throw thrown;
    }
  }

  /**
   * Makes a node and its missing parents.
   *
   * @param tx_id The transaction.
   * @param path The node.
   * @returns `null`, as Python gives `None`.
   * @throws {PyXSError} If the store refuses.
   */
  mkdir(tx_id: XsTransaction, path: Bytes): null {
    this.#within(tx_id).mkdir(path);
    return null;
  }

  /**
   * Removes a node and everything below it. The node need not exist if its parent exists.
   *
   * @param tx_id The transaction.
   * @param path The node.
   * @returns `null`, as Python gives `None`.
   * @throws {PyXSError} If the store refuses.
   */
  rm(tx_id: XsTransaction, path: Bytes): null {
    this.#within(tx_id).delete(path);
    return null;
  }

  /**
   * Reads the value of a node.
   *
   * @param tx_id The transaction.
   * @param path The node.
   * @returns The value.
   * @throws {PyXSError} If the store refuses, or the node does not exist.
   */
  read(tx_id: XsTransaction, path: Bytes): string {
    return this.#within(tx_id).read(path);
  }

  /**
   * Writes the value of a node, and makes the node and its missing parents.
   *
   * @param tx_id The transaction.
   * @param path The node.
   * @param value The value.
   * @returns `null`, as Python gives `None`.
   * @throws {PyXSError} If the store refuses.
   */
  write(tx_id: XsTransaction, path: Bytes, value: Bytes): null {
    this.#within(tx_id).write(path, value);
    return null;
  }

  /**
   * Gets the path of a domain's home, whether or not the domain exists.
   *
   * @param domid The number of the domain.
   * @returns The path.
   */
  get_domain_path(domid: number): string {
    return this.client.get_domain_path(domid);
  }

  /**
   * Introduces a domain.
   *
   * @param domid The number of the domain.
   * @param mfn The guest frame number of its XenStore page.
   * @param eventchn Its event channel.
   * @returns `null`, as Python gives `None`.
   * @throws {RangeError} If `domid` is 0.
   * @throws {PyXSError} If the store refuses.
   */
  introduce_domain(domid: number, mfn: number | bigint, eventchn: number): null {
    this.client.introduce_domain(domid, mfn, eventchn);
    return null;
  }

  /**
   * Releases a domain.
   *
   * @param domid The number of the domain.
   * @returns `null`, as Python gives `None`.
   * @throws {PyXSError} If the store refuses.
   */
  release_domain(domid: number): null {
    this.client.release_domain(domid);
    return null;
  }

  /**
   * Notes that a domain that shut down runs again.
   *
   * @param domid The number of the domain.
   * @returns `null`, as Python gives `None`.
   * @throws {PyXSError} If the store refuses.
   */
  resume_domain(domid: number): null {
    this.client.resume_domain(domid);
    return null;
  }

  /**
   * Gives a domain the rights of another domain, its target.
   *
   * @param domid The domain that gets the rights.
   * @param target The domain that has the rights.
   * @returns `null`, as Python gives `None`.
   * @throws {PyXSError} If the store refuses.
   */
  set_target(domid: number, target: number): null {
    this.client.set_target(domid, target);
    return null;
  }

  /**
   * Starts a transaction.
   *
   * @returns The transaction, a decimal number.
   * @throws {PyXSError} If the last call was in a transaction that is open: EALREADY.
   */
  transaction_start(): string {
    return `${this.client.transaction()}`;
  }

  /**
   * Commits a transaction, or rolls it back. Keywords are given as an object: `transaction_end(t, { abort: 1 })`.
   *
   * @param tx_id The transaction.
   * @param abort Whether to roll back.
   * @returns Whether the transaction took effect; false if it conflicted and must be done again.
   * @throws {PyXSError} If the store refuses.
   */
  transaction_end(
    tx_id: XsTransaction,
    abort: number | boolean | null | { readonly abort?: number | boolean | null | undefined } = 0,
  ): boolean {
    const client = this.#within(tx_id);
    if (!(isDict(abort) ? abort.abort : abort)) return client.commit();
    client.rollback();
    return true;
  }

  /**
   * Watches a node and everything below it.
   *
   * @param path The node, or a special path.
   * @param token Any value. Tokens are compared by identity.
   * @returns `null`, as Python gives `None`.
   * @throws {InvalidPath} If the path is invalid.
   * @throws {PyXSError} If the store refuses.
   */
  watch(path: Bytes, token: unknown): null {
    this.monitor.watch(path, this.#aliases.stubOf(token));
    this.#aliases.add(token, text(path));
    return null;
  }

  /**
   * Ends a watch.
   *
   * @param path The path of the watch.
   * @param token The token of the watch.
   * @returns `null`, as Python gives `None`.
   * @throws {PyXSError} If the watch does not exist.
   */
  unwatch(path: Bytes, token: unknown): null {
    this.monitor.unwatch(path, this.#aliases.stubOf(token));
    this.#aliases.delete(token, text(path));
    return null;
  }

  /**
   * Waits for the next event of a watch that has not ended.
   *
   * @returns The event.
   * @throws {ConnectionError} If the connection is over.
   */
  read_watch<T = unknown>(): XsEvent<T> {
    for (const { path, token: stub } of this.monitor.wait()) {
      const token = this.#aliases.tokenOf(stub) as T;
      return Object.freeze(Object.assign([path, token] as const, { path, token }));
    }
    throw new Error("unreachable: a monitor waits forever");
  }

  /** Makes the transaction that of the client, for this call and until the next one. */
  #within(tx_id: unknown): Client {
    this.client.tx_id = transactionOf(tx_id);
    return this.client;
  }
}

/** How `xs` is called, with `new` or without. */
export interface XsConstructor {
  /**
   * Opens a handle.
   *
   * @param options The options of the client. pyxs has none here.
   * @returns The handle.
   * @throws {ConnectionError} If the store cannot be reached.
   */
  new (options?: ClientOptions): XsHandle;
  /**
   * Opens a handle.
   *
   * @param options The options of the client. pyxs has none here.
   * @returns The handle.
   * @throws {ConnectionError} If the store cannot be reached.
   */
  (options?: ClientOptions): XsHandle;
  /** The prototype of all handles. */
  readonly prototype: XsHandle;
}

/** An open handle of `pyxs.xs`. */
export type xs = XsHandle;

/**
 * Opens a handle of pyxs to the store, with `new` or without.
 *
 * @throws {ConnectionError} If the store cannot be reached.
 *
 * @example
 * ```ts
 * import { xs } from "tsxs/pyxs";
 *
 * using h = xs();
 * h.watch("/tool/example", { any: "value" });
 * const { path, token } = h.read_watch<{ any: string }>();
 * console.log(path, token.any); // /tool/example value
 * ```
 */
export const xs: XsConstructor = new Proxy(XsHandle, {
  apply: (target, _this, args: [ClientOptions?]) => new target(...args),
}) as unknown as XsConstructor;
