// The errors of a connection: it could not be had, it broke, or what came over it made no sense.

import { type ErrorContext, XenStoreError } from "../wire/errors.ts";
import type { Packet } from "../wire/header.ts";
import { codeOf } from "./transport.ts";

/**
 * The connection to the store could not be made, or is over.
 *
 * `code` is the system's where it gave one (`ENOENT`, `ECONNREFUSED`, `EACCES`, `EPIPE`), else `ENOTCONN`. Every request
 * that was waiting gets one of its own, with its operation and path.
 *
 * @example
 * ```ts
 * import { connect, ConnectionError } from "tsxs";
 *
 * const error = await connect("unix:/nowhere/socket").catch((reason) => reason);
 * console.log(error instanceof ConnectionError, error.code); // true ENOENT
 * ```
 */
export class ConnectionError extends XenStoreError {
  /** `"ConnectionError"`. */
  override name = "ConnectionError";
  /** Private, since every runtime prints a public one, or a cause, with a stack for each attempt. */
  readonly #attempts: readonly ConnectionError[];

  /** Makes the error from what is wrong with the connection; `context.cause` gives the code where it has one. */
  constructor(
    reason: string,
    context: ErrorContext = {},
    code: string = codeOf(context.cause) ?? "ENOTCONN",
    attempts: readonly ConnectionError[] = [],
  ) {
    super(code, reason, context);
    this.#attempts = attempts;
  }

  /** The error of each address that was tried, in order and with its cause, if no store was found; else empty. */
  get attempts(): readonly ConnectionError[] {
    return this.#attempts;
  }
}

/**
 * The store sent something that answers no request, or not the one it claims to: the connection is ended.
 *
 * @example
 * ```ts
 * import { connect, memoryPair, UnexpectedPacketError } from "tsxs";
 *
 * const [near, far] = memoryPair();
 * far.start({ receive: () => far.send(new Uint8Array(16).fill(255)), ended: () => {} });
 * await using store = await connect(near);
 * const error = await store.read("/tool").catch((reason) => reason);
 * console.log(error instanceof UnexpectedPacketError); // true
 * ```
 */
export class UnexpectedPacketError extends ConnectionError {
  /** `"UnexpectedPacketError"`. */
  override name = "UnexpectedPacketError";
  /** What was received; `undefined` where it was no message at all. */
  readonly packet: Packet | undefined;

  /** Makes the error from what is wrong; keeps a copy of the packet. */
  constructor(reason: string, packet?: Packet, context: ErrorContext = {}) {
    super(reason, context, "EIO");
    this.packet = packet === undefined ? undefined : { ...packet, payload: new Uint8Array(packet.payload) };
  }
}
