// The operations on nodes, the same in a transaction and outside one.

import type { Part } from "../wire/encoder.ts";
import { InvalidOperationError } from "../wire/errors.ts";
import type { OptionNames } from "../wire/checks.ts";
import { isOperation, Operation } from "../wire/operations.ts";
import type { Permission } from "../wire/permissions.ts";
import { isEqual, toText } from "../wire/text.ts";
import type { SharedSignals } from "./abort.ts";
import {
  checkedPath,
  NO_OPTIONS,
  type Path,
  pathText,
  permissionTexts,
  REQUEST_OPTIONS,
  type RequestOptions,
  signalOf,
  valueBytes,
} from "./arguments.ts";
import { type Ask, listDirectory } from "./listing.ts";
import { missingOr, unreadable } from "./missing.ts";
import { bytesReply, okReply, permissionsReply } from "./replies.ts";
import type { NodeContext, ReadOptions, Sender } from "./node_context.ts";
import type { Follow } from "./unawaited.ts";
import { type Walk, walk, type WalkOptions } from "./walk.ts";
import { NodeReader } from "./walk_reader.ts";

/** The operations on nodes, which a client and each of its transactions have. */
export abstract class NodeOperations {
  readonly #sender: Sender;
  readonly #transactionId: number;
  readonly #signals: SharedSignals;
  readonly #follow: Follow;
  readonly #track: NodeContext["track"];

  /**
   * For the client and its transactions, which know how their requests are sent.
   *
   * @internal
   */
  constructor({ sender, transactionId, signals, follow = unfollowed, track }: NodeContext) {
    this.#sender = sender;
    this.#transactionId = transactionId;
    this.#signals = signals;
    this.#follow = follow;
    this.#track = track;
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
   * If the store does not tell a guest whether the node exists, the node counts as missing: see {@linkcode exists}.
   *
   * @param path The node.
   * @param options The default, and the signal that ends the wait.
   * @returns The value, or the default.
   * @throws {XenStoreError} If the node exists, and a guest may not read it: EACCES.
   */
  read<D>(path: Path, options: ReadOptions<D>): Promise<Uint8Array | D>;
  read<D>(path: Path, options: RequestOptions | ReadOptions<D> = NO_OPTIONS): Promise<Uint8Array | D> {
    return this.#follow(this.#read(path, bytesReply, options));
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
   * If the store does not tell a guest whether the node exists, the node counts as missing: see {@linkcode exists}.
   *
   * @param path The node.
   * @param options The default, and the signal that ends the wait.
   * @returns The text, or the default.
   * @throws {XenStoreError} If the value is not UTF-8: EILSEQ. If the node exists, and a guest may not read it: EACCES.
   */
  readText<D>(path: Path, options: ReadOptions<D>): Promise<string | D>;
  readText<D>(path: Path, options: RequestOptions | ReadOptions<D> = NO_OPTIONS): Promise<string | D> {
    return this.#follow(this.#read(path, toText, options));
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
  write(path: Path, value: string | Uint8Array, options: RequestOptions = NO_OPTIONS): Promise<void> {
    const more = (checked: string) => [valueBytes(value, checked)];
    return this.#follow(this.#onPath(Operation.WRITE, path, okReply, options, more));
  }

  /**
   * Writes the value of a node, unless the node has this value already: then nothing is written, and no event fires.
   *
   * The value is read first. A node that the client may not read is written.
   *
   * @param path The node.
   * @param value The value. Text is written as UTF-8.
   * @param options The signal that ends the wait.
   * @returns Whether the value was written.
   * @throws {InvalidPayloadError} If path and value are too long.
   * @throws {XenStoreError} If a guest may not write the node: EACCES. If a guest exceeds a quota: ENOSPC.
   *
   * @example
   * ```ts
   * import { connect } from "tsxs";
   *
   * await using store = await connect();
   * await store.writeIfChanged("/tool/example", "1");
   * console.log(await store.writeIfChanged("/tool/example", "1")); // false
   * ```
   */
  writeIfChanged(path: Path, value: string | Uint8Array, options: RequestOptions = NO_OPTIONS): Promise<boolean> {
    return this.#follow(this.#writeIfChanged(path, value, options));
  }

  /**
   * Makes a node and its missing parents, with empty values. A node that exists stays as it is.
   *
   * @param path The node.
   * @param options The signal that ends the wait.
   * @throws {XenStoreError} If a guest may not make the node: EACCES. If a guest exceeds a quota: ENOSPC.
   */
  mkdir(path: Path, options: RequestOptions = NO_OPTIONS): Promise<void> {
    return this.#follow(this.#onPath(Operation.MKDIR, path, okReply, options));
  }

  /**
   * Deletes a node and everything below it. The node need not exist if its parent exists.
   *
   * @param path The node.
   * @param options The signal that ends the wait.
   * @throws {XenStoreError} If neither the node nor its parent exists: ENOENT. If a guest may not delete the node:
   *   EACCES.
   */
  delete(path: Path, options: RequestOptions = NO_OPTIONS): Promise<void> {
    return this.#follow(this.#onPath(Operation.RM, path, okReply, options));
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
  list(path: Path, options: RequestOptions = NO_OPTIONS): Promise<string[]> {
    return this.#follow(this.#list(path, options));
  }

  /**
   * Tells whether a node exists.
   *
   * The C daemon answers EACCES for a missing node as well if a guest may not read the nearest ancestor. The client
   * then reads another missing node beside this one. If the answer is EACCES again, the store does not tell, and the
   * node counts as missing. `read()` without a default reports the answer of the store itself.
   *
   * @param path The node.
   * @param options The signal that ends the wait.
   * @returns Whether the node exists; false if the store does not tell.
   * @throws {XenStoreError} If the node exists, and a guest may not read it: EACCES.
   */
  exists(path: Path, options: RequestOptions = NO_OPTIONS): Promise<boolean> {
    const read = this.#onPath(Operation.READ, path, () => true, options);
    return this.#follow(this.#orMissing(read, path, false, options));
  }

  /**
   * Reads the permissions of a node, with that of the owner first.
   *
   * @param path The node.
   * @param options The signal that ends the wait.
   * @returns The permissions.
   * @throws {XenStoreError} If the node does not exist: ENOENT.
   */
  getPerms(path: Path, options: RequestOptions = NO_OPTIONS): Promise<Permission[]> {
    return this.#follow(this.#onPath(Operation.GET_PERMS, path, permissionsReply, options));
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
    options: RequestOptions = NO_OPTIONS,
  ): Promise<void> {
    const more = (checked: string) => permissionTexts(permissions, checked);
    return this.#follow(this.#onPath(Operation.SET_PERMS, path, okReply, options, more));
  }

  /**
   * Visits a node and everything below it, with children in the order of the store.
   *
   * Parents come before their children, or after them if `topDown` is false. The walk reads ahead: the requests of at
   * most 1,024 nodes run concurrently.
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
    const reader = new NodeReader(this.#sender, this.#transactionId, this.#track);
    return walk(reader, pathText(top, "walk"), options, {
      signals: this.#signals,
      follow: this.#follow,
      progress: this.#track("walk"),
    });
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
  execute(
    operation: Operation,
    parts: readonly (string | Uint8Array)[],
    options: RequestOptions = NO_OPTIONS,
  ): Promise<Uint8Array> {
    return this.#follow(this.#execute(operation, parts, options));
  }

  async #execute(
    operation: Operation,
    parts: readonly (string | Uint8Array)[],
    options: RequestOptions,
  ): Promise<Uint8Array> {
    if (!isOperation(operation) || operation === Operation.WATCH_EVENT || operation === Operation.ERROR) {
      throw new InvalidOperationError(operation);
    }
    const [transactionId, signal] = [this.#transactionId, signalOf(operation, options)];
    return await this.#sender.request({ operation, transactionId, parts, parse: bytesReply, signal });
  }

  #read<T, D>(
    path: Path,
    parse: (payload: Uint8Array) => T,
    options: RequestOptions | ReadOptions<D>,
  ): Promise<T | D> {
    const read = this.#onPath(Operation.READ, path, parse, options, nothing, READ_OPTIONS);
    return hasDefault(options) ? this.#orMissing(read, path, options.default, options) : read;
  }

  /** Resolves with `missing` if a read fails since the node does not exist, as far as the store tells. */
  #orMissing<T, D>(read: Promise<T>, path: Path, missing: D, { signal }: RequestOptions): Promise<T | D> {
    const readBeside = (beside: string) => this.#onPath(Operation.READ, beside, bytesReply, { signal });
    return read.catch((error: unknown) => missingOr(error, pathText(path, "READ"), missing, readBeside));
  }

  async #writeIfChanged(path: Path, value: string | Uint8Array, options: RequestOptions): Promise<boolean> {
    const checked = checkedPath(path, Operation.WRITE);
    const wanted = valueBytes(value, checked);
    const current = await this.#onPath(Operation.READ, path, bytesReply, options).catch(unreadable);
    if (current !== null && isEqual(current, wanted)) return false;
    await this.#onPath(Operation.WRITE, path, okReply, options, () => [wanted]);
    return true;
  }

  #list(path: Path, options: RequestOptions): Promise<string[]> {
    const ask: Ask = (operation, parse, parts) => this.#onPath(operation, path, parse, options, () => parts);
    return listDirectory(ask, () => this.#track("list"));
  }

  #onPath<T>(
    operation: Operation,
    path: Path,
    parse: (payload: Uint8Array) => T,
    options: RequestOptions,
    more: (path: string) => readonly Part[] = nothing,
    known: OptionNames<RequestOptions> = REQUEST_OPTIONS,
  ): Promise<T> {
    try {
      const checked = checkedPath(path, operation);
      const signal = signalOf(operation, options, known);
      const parts = more === nothing ? [checked] : [checked, ...more(checked)];
      return this.#sender.request({
        operation,
        transactionId: this.#transactionId,
        path: checked,
        parts,
        parse,
        signal,
      });
    } catch (error) {
      return Promise.reject(error);
    }
  }
}

const READ_OPTIONS: OptionNames<ReadOptions<unknown>> = { signal: true, default: true };

function hasDefault<D>(options: RequestOptions | ReadOptions<D>): options is ReadOptions<D> {
  return typeof options === "object" && options !== null && "default" in options;
}

const nothing = (): readonly Part[] => [];

/** Returns a result as it is: only the requests of a function in a transaction are followed. */
export const unfollowed: Follow = <T>(result: Promise<T>): Promise<T> => result;
