/**
 * pyxs for Deno, Bun and Node: its public API under its own names, synchronous, on the blocking transports.
 *
 * @example
 * ```ts
 * import { Client } from "tsxs/pyxs";
 *
 * using c = new Client();
 * for (let success = false; !success;) {
 *   c.transaction();
 *   c.write("/tool/example/count", `${Number(c.read("/tool/example/count", "0")) + 1}`);
 *   success = c.commit();
 * }
 * console.log(c.read("/tool/example/count")); // 1
 * ```
 *
 * @module
 */

import { Client, Monitor } from "./pyxs/client.ts";
import type { ClientOptions } from "./pyxs/options.ts";

export type { BlockingKind, BlockingOptions } from "../src/blocking/transport.ts";
export type { Operations, WalkEntry } from "./pyxs/operations.ts";
export { type Event, PacketConnection, UnixSocketConnection, XenBusConnection } from "./pyxs/connection.ts";
export {
  ConnectionError,
  error,
  InvalidOperation,
  InvalidPath,
  InvalidPayload,
  InvalidPermission,
  PyXSError,
  PyXSError as Error,
  UnexpectedPacket,
} from "./pyxs/exceptions.ts";
export { type Bytes, check_path, check_perms, check_watch_path } from "./pyxs/helpers.ts";
export { EventSource } from "./pyxs/event_source.ts";
export { Op, Packet } from "./pyxs/packet.ts";
export { Router, RVar, type Subscriber } from "./pyxs/router.ts";
export { xs, type XsConstructor, XsHandle } from "./pyxs/xs.ts";
export type { XsEvent, XsTransaction } from "./pyxs/xs_values.ts";
export { Client, type ClientOptions, Monitor };

/**
 * Makes a monitor with a client of its own, which closes with the monitor: for `using`.
 *
 * @param options The options of the client.
 * @returns The monitor.
 * @throws {ConnectionError} If no store can be reached.
 *
 * @example
 * ```ts
 * import { monitor } from "tsxs/pyxs";
 *
 * using m = monitor();
 * m.watch("/tool/example", "token");
 * console.log(m.wait().next().value?.path); // /tool/example
 * ```
 */
export function monitor(options: ClientOptions = {}): Monitor {
  const client = new Client(options);
  client.connect();
  return new Monitor(client.__copy__(), () => client.close());
}

/** The two methods of Python's `with`. */
export interface ContextManager<T> {
  /** Begins the block, and returns what the body gets. */
  __enter__(): T;
  /**
   * Ends the block.
   *
   * @param thrown What the body threw, if it threw.
   */
  __exit__(thrown?: unknown): void;
}

/**
 * Runs a function as the body of Python's `with`: enters, runs the body, and exits in any case.
 *
 * If the body throws, the error is thrown on, and an open transaction is dropped silently, which `using` cannot do.
 *
 * @param manager The object to enter and exit.
 * @param body The function to run, with the result of `__enter__()`.
 * @returns The result of the function.
 *
 * @example
 * ```ts
 * import { Client, with_ } from "tsxs/pyxs";
 *
 * const names = with_(new Client(), (c) => c.list("/"));
 * console.log(names.includes("tool")); // true
 * ```
 */
export function with_<T, R>(manager: ContextManager<T>, body: (entered: T) => R): R {
  const entered = manager.__enter__();
  let result: R;
  try {
    result = body(entered);
  } catch (thrown) {
    manager.__exit__(thrown ?? new globalThis.Error("thrown: nothing"));
    throw thrown;
  }
  manager.__exit__();
  return result;
}
