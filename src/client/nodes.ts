// The operations on nodes, the same in a transaction and outside one.

import type { Part } from "../wire/encoder.ts";
import { InvalidOperationError, InvalidPermissionError, XenStoreError } from "../wire/errors.ts";
import { isOperation, Operation } from "../wire/operations.ts";
import { formatPermission, parsePermission, type Permission, permissionFault } from "../wire/permissions.ts";
import { kindFault } from "../wire/checks.ts";
import { toBytes, toText } from "../wire/text.ts";
import type { SharedSignals } from "./abort.ts";
import { checkedPath, type Path, pathText, type RequestOptions } from "./arguments.ts";
import { TransactionEndedError } from "./errors.ts";
import { listDirectory } from "./listing.ts";
import { bytesReply, okReply, permissionsReply } from "./replies.ts";
import type { Request } from "./router.ts";
import { type Walk, walk, type WalkOptions } from "./walk.ts";

/** What a read takes besides. */
export interface ReadOptions<D> extends RequestOptions {
  /** The result where the node does not exist. */
  readonly default: D;
}

/** A request about one path, as {@linkcode NodeOperations} makes it. */
export type NodeRequest<T> = Omit<Request<T>, "transactionId">;

/** Sends a request, in the transaction that this is, if it is one. */
export type Send = <T>(request: NodeRequest<T>) => Promise<T>;

/** The operations on nodes: a client has them, and each of its transactions. */
export abstract class NodeOperations {
  readonly #send: Send;
  readonly #signals: SharedSignals;

  /** For the client and its transactions, who know how their requests are sent. @internal */
  constructor(send: Send, signals: SharedSignals) {
    this.#send = send;
    this.#signals = signals;
  }

  /**
   * Reads a node's value, of any bytes. Rejects with ENOENT where it does not exist and no default is given, and with
   * EACCES where a guest may not read it, existing or not.
   *
   * @example
   * ```ts
   * import { connect } from "tsxs";
   *
   * await using store = await connect();
   * await store.write("/tool/example", new Uint8Array([0, 1, 255]));
   * console.log(await store.read("/tool/example")); // Uint8Array [ 0, 1, 255 ]
   * console.log(await store.read("/tool/nothing", { default: null })); // null
   * ```
   */
  read(path: Path, options?: RequestOptions): Promise<Uint8Array>;
  /** Reads a node's value, or gives the default where the node does not exist. */
  read<D>(path: Path, options: ReadOptions<D>): Promise<Uint8Array | D>;
  read<D>(path: Path, options: RequestOptions | ReadOptions<D> = {}): Promise<Uint8Array | D> {
    return withDefault(this.#onPath(Operation.READ, path, bytesReply, options), options);
  }

  /** Reads a node's value as UTF-8. Rejects as {@linkcode read} does, and with EILSEQ where it is no UTF-8. */
  readText(path: Path, options?: RequestOptions): Promise<string>;
  /** Reads a node's value as UTF-8, or gives the default where the node does not exist. */
  readText<D>(path: Path, options: ReadOptions<D>): Promise<string | D>;
  readText<D>(path: Path, options: RequestOptions | ReadOptions<D> = {}): Promise<string | D> {
    return withDefault(this.#onPath(Operation.READ, path, toText, options), options);
  }

  /**
   * Writes a node's value, and makes the node and its missing parents first where need be. Text is written as UTF-8.
   * Path and value together take at most 4095 bytes over a socket and 4079 over the XenBus device; rejects with an
   * {@linkcode InvalidPayloadError} above that, and with ENOSPC where a guest's quota says so.
   */
  write(path: Path, value: string | Uint8Array, options: RequestOptions = {}): Promise<void> {
    return this.#onPath(Operation.WRITE, path, okReply, options, (checked) => [valueBytes(value, checked)]);
  }

  /** Makes a node, and its missing parents, with empty values; leaves one that exists as it is. */
  mkdir(path: Path, options: RequestOptions = {}): Promise<void> {
    return this.#onPath(Operation.MKDIR, path, okReply, options);
  }

  /**
   * Deletes a node and all below it. A node that does not exist is fine as long as its parent does; rejects with ENOENT
   * otherwise.
   */
  delete(path: Path, options: RequestOptions = {}): Promise<void> {
    return this.#onPath(Operation.RM, path, okReply, options);
  }

  /**
   * Lists the names of a node's children, in the store's order. A list too long for one reply is fetched in pieces, and
   * from the start again where the directory changes meanwhile, up to 64 times; then it rejects with EAGAIN.
   */
  list(path: Path, options: RequestOptions = {}): Promise<string[]> {
    return listDirectory((operation, parse, parts) => this.#onPath(operation, path, parse, options, () => parts));
  }

  /** Whether a node exists. Rejects with EACCES where a guest may not know. */
  async exists(path: Path, options: RequestOptions = {}): Promise<boolean> {
    return await this.#onPath(Operation.READ, path, () => true, options).catch(onMissing(false));
  }

  /** Reads a node's permissions, its owner's first. */
  getPerms(path: Path, options: RequestOptions = {}): Promise<Permission[]> {
    return this.#onPath(Operation.GET_PERMS, path, permissionsReply, options);
  }

  /**
   * Sets a node's permissions: the first one names the owner and what all others may do, the rest what single domains
   * may. Each is an object, or a text such as `"n0"`, `"r5"`, `"w5"`, `"b5"`.
   *
   * @example
   * ```ts
   * import { connect } from "tsxs";
   *
   * await using store = await connect();
   * await store.mkdir("/tool/example");
   * await store.setPerms("/tool/example", ["n0", { domid: 5, read: true, write: false }]);
   * console.log(await store.getPerms("/tool/example"));
   * ```
   */
  setPerms(
    path: Path,
    permissions: readonly (Permission | string)[],
    options: RequestOptions = {},
  ): Promise<void> {
    return this.#onPath(Operation.SET_PERMS, path, okReply, options, (checked) => {
      const context = { operation: "SET_PERMS", path: checked };
      if (!Array.isArray(permissions)) {
        throw new InvalidPermissionError(`expected a list of permissions: got ${typeof permissions}`, context);
      }
      if (permissions.length === 0) {
        throw new InvalidPermissionError("the list is empty: it must name an owner", context);
      }
      return permissions.map((permission) => permissionText(permission, context));
    });
  }

  /**
   * Visits a node and all below it, parents before their children or, where `topDown` is false, after them; children in
   * the store's order. Requests run ahead of the visit, all of a level at once.
   *
   * @example
   * ```ts
   * import { connect } from "tsxs";
   *
   * await using store = await connect();
   * for await (const { path, value } of store.walk("/tool", { maxDepth: 2 })) console.log(path, value);
   * ```
   */
  walk(top: Path, options: WalkOptions = {}): Walk {
    return walk(this, pathText(top, "walk"), options, this.#signals);
  }

  /**
   * Sends a request of any operation and resolves with its reply's bytes: text among `parts` is sent with a NUL behind
   * it, bytes as they are. For what no method offers; nothing but the operation and the size is checked. Rejects with
   * an {@linkcode InvalidOperationError} where the protocol has no such request.
   *
   * @example
   * ```ts
   * import { connect, Operation } from "tsxs";
   *
   * await using store = await connect();
   * console.log(await store.execute(Operation.GET_DOMAIN_PATH, ["0"])); // the bytes of "/local/domain/0\0"
   * ```
   */
  async execute(
    operation: Operation,
    parts: readonly (string | Uint8Array)[],
    { signal }: RequestOptions = {},
  ): Promise<Uint8Array> {
    if (!isOperation(operation) || operation === Operation.WATCH_EVENT || operation === Operation.ERROR) {
      throw new InvalidOperationError(operation);
    }
    return await this.#send({ operation, parts, parse: bytesReply, signal });
  }

  #onPath<T>(
    operation: Operation,
    path: Path,
    parse: (payload: Uint8Array) => T,
    { signal }: RequestOptions,
    more: (path: string) => readonly Part[] = nothing,
  ): Promise<T> {
    try {
      const checked = checkedPath(path, operation);
      return this.#send({ operation, path: checked, parts: [checked, ...more(checked)], parse, signal });
    } catch (error) {
      return Promise.reject(error);
    }
  }
}

const nothing = (): readonly Part[] => [];

/** The bytes of a value. Throws a `TypeError` where it is neither text nor bytes. */
function valueBytes(value: string | Uint8Array, path: string): Uint8Array {
  if (typeof value === "string" || value instanceof Uint8Array) return toBytes(value);
  throw new TypeError(`WRITE ${JSON.stringify(path)}: ${kindFault("a value", value)}`);
}

function permissionText(permission: Permission | string, context: { operation: string; path: string }): string {
  const parsed = typeof permission === "string" ? parsePermission(permission) : permission;
  if (parsed === null || typeof parsed !== "object") {
    const fault = `${JSON.stringify(permission)} is not a letter of n, r, w, b and a domid`;
    throw new InvalidPermissionError(fault, context);
  }
  const fault = permissionFault(parsed);
  if (fault !== null) throw new InvalidPermissionError(fault, context);
  return formatPermission(parsed);
}

function onMissing<D>(value: D): (error: unknown) => D {
  return (error) => {
    if (error instanceof XenStoreError && error.code === "ENOENT" && !(error instanceof TransactionEndedError)) {
      return value;
    }
    throw error;
  };
}

function withDefault<T, D>(result: Promise<T>, options: RequestOptions | ReadOptions<D>): Promise<T | D> {
  return "default" in options ? result.catch(onMissing(options.default)) : result;
}
