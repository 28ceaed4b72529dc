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

/** The options of a read with a default. */
export interface ReadOptions<D> extends RequestOptions {
  /** The result if the node does not exist. */
  readonly default: D;
}

/** A request about one path, as {@linkcode NodeOperations} makes it. */
export type NodeRequest<T> = Omit<Request<T>, "transactionId">;

/** Sends a request, within the transaction if the sender is one. */
export type Send = <T>(request: NodeRequest<T>) => Promise<T>;

/** The operations on nodes, which a client and each of its transactions have. */
export abstract class NodeOperations {
  readonly #send: Send;
  readonly #signals: SharedSignals;

  /**
   * For the client and its transactions, which know how their requests are sent.
   *
   * @internal
   */
  constructor(send: Send, signals: SharedSignals) {
    this.#send = send;
    this.#signals = signals;
  }

  /**
   * Reads the value of a node, of any bytes.
   *
   * @param path The node.
   * @param options The signal that ends the wait.
   * @returns The value.
   * @throws {XenStoreError} If the node does not exist: ENOENT. If a guest may not read the node, whether or not it
   *   exists: EACCES.
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
  /**
   * Reads the value of a node, or gives the default if the node does not exist.
   *
   * @param path The node.
   * @param options The default, and the signal that ends the wait.
   * @returns The value, or the default.
   * @throws {XenStoreError} If a guest may not read the node, whether or not it exists: EACCES.
   */
  read<D>(path: Path, options: ReadOptions<D>): Promise<Uint8Array | D>;
  read<D>(path: Path, options: RequestOptions | ReadOptions<D> = {}): Promise<Uint8Array | D> {
    return withDefault(this.#onPath(Operation.READ, path, bytesReply, options), options);
  }

  /**
   * Reads the value of a node as UTF-8.
   *
   * @param path The node.
   * @param options The signal that ends the wait.
   * @returns The text.
   * @throws {XenStoreError} If the node does not exist: ENOENT. If the value is not UTF-8: EILSEQ. If a guest may not
   *   read the node: EACCES.
   */
  readText(path: Path, options?: RequestOptions): Promise<string>;
  /**
   * Reads the value of a node as UTF-8, or gives the default if the node does not exist.
   *
   * @param path The node.
   * @param options The default, and the signal that ends the wait.
   * @returns The text, or the default.
   * @throws {XenStoreError} If the value is not UTF-8: EILSEQ. If a guest may not read the node: EACCES.
   */
  readText<D>(path: Path, options: ReadOptions<D>): Promise<string | D>;
  readText<D>(path: Path, options: RequestOptions | ReadOptions<D> = {}): Promise<string | D> {
    return withDefault(this.#onPath(Operation.READ, path, toText, options), options);
  }

  /**
   * Writes the value of a node, and makes the node and its missing parents if necessary.
   *
   * @param path The node.
   * @param value The value. Text is written as UTF-8. Path and value together take at most 4095 bytes over a socket,
   *   and 4079 over the XenBus device.
   * @param options The signal that ends the wait.
   * @throws {InvalidPayloadError} If path and value are too long.
   * @throws {XenStoreError} If a guest may not write the node: EACCES. If a guest exceeds a quota: ENOSPC.
   */
  write(path: Path, value: string | Uint8Array, options: RequestOptions = {}): Promise<void> {
    return this.#onPath(Operation.WRITE, path, okReply, options, (checked) => [valueBytes(value, checked)]);
  }

  /**
   * Makes a node and its missing parents, with empty values. A node that exists stays as it is.
   *
   * @param path The node.
   * @param options The signal that ends the wait.
   * @throws {XenStoreError} If a guest may not make the node: EACCES. If a guest exceeds a quota: ENOSPC.
   */
  mkdir(path: Path, options: RequestOptions = {}): Promise<void> {
    return this.#onPath(Operation.MKDIR, path, okReply, options);
  }

  /**
   * Deletes a node and everything below it. The node need not exist if its parent exists.
   *
   * @param path The node.
   * @param options The signal that ends the wait.
   * @throws {XenStoreError} If neither the node nor its parent exists: ENOENT. If a guest may not delete the node:
   *   EACCES.
   */
  delete(path: Path, options: RequestOptions = {}): Promise<void> {
    return this.#onPath(Operation.RM, path, okReply, options);
  }

  /**
   * Lists the names of the children of a node, in the order of the store.
   *
   * A list that is too long for one reply is fetched in parts. If the directory changes between two parts, the list is
   * fetched again, at most 64 times.
   *
   * @param path The node.
   * @param options The signal that ends the wait.
   * @returns The names.
   * @throws {XenStoreError} If the node does not exist: ENOENT. If the directory changed during every attempt: EAGAIN.
   *   If the names are longer than 16 MiB together, or the parts of the store do not end: E2BIG.
   */
  list(path: Path, options: RequestOptions = {}): Promise<string[]> {
    return listDirectory((operation, parse, parts) => this.#onPath(operation, path, parse, options, () => parts));
  }

  /**
   * Tells whether a node exists.
   *
   * @param path The node.
   * @param options The signal that ends the wait.
   * @returns Whether the node exists.
   * @throws {XenStoreError} If a guest may not know: EACCES.
   */
  async exists(path: Path, options: RequestOptions = {}): Promise<boolean> {
    return await this.#onPath(Operation.READ, path, () => true, options).catch(onMissing(false));
  }

  /**
   * Reads the permissions of a node, with that of the owner first.
   *
   * @param path The node.
   * @param options The signal that ends the wait.
   * @returns The permissions.
   * @throws {XenStoreError} If the node does not exist: ENOENT.
   */
  getPerms(path: Path, options: RequestOptions = {}): Promise<Permission[]> {
    return this.#onPath(Operation.GET_PERMS, path, permissionsReply, options);
  }

  /**
   * Sets the permissions of a node.
   *
   * The first permission names the owner, and what all domains may do that no other permission names. The others say
   * what single domains may do.
   *
   * @param path The node.
   * @param permissions The permissions, each an object or a text such as `"n0"`, `"r5"`, `"w5"` or `"b5"`.
   * @param options The signal that ends the wait.
   * @throws {InvalidPermissionError} If `permissions` is empty, or one of them is invalid.
   * @throws {XenStoreError} If the node does not exist: ENOENT. If a guest does not own the node: EACCES.
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
   * Visits a node and everything below it, with children in the order of the store.
   *
   * Parents come before their children, or after them if `topDown` is false. The walk reads ahead: the requests of one
   * level run concurrently.
   *
   * @param top The node to start from.
   * @param options The order, the limits, and the signal that ends the walk.
   * @returns An async iterator of the nodes.
   * @throws {RangeError} If a limit is invalid.
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
   * Sends a request of any operation, for what no other method offers. Only the operation and the size are checked.
   *
   * @param operation The operation.
   * @param parts The payload: each text is sent with a NUL after it, bytes are sent as they are.
   * @param options The signal that ends the wait.
   * @returns The bytes of the reply.
   * @throws {InvalidOperationError} If the protocol has no such request.
   * @throws {InvalidPayloadError} If the payload is too long.
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

/** Returns the bytes of a value. Throws a `TypeError` if the value is neither text nor bytes. */
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
