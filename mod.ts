/**
 * XenStore for Deno, Bun and Node.
 *
 * XenStore is the small hierarchical, transactional database through which a Xen host's toolstack, device drivers and
 * guests configure each other. This module talks to it, over its Unix socket or the XenBus device.
 *
 * The package is `tsxs` on npm and `@tsxs/tsxs` on JSR: `deno add tsxs@jsr:@tsxs/tsxs` installs it for Deno under the
 * name that the examples use.
 *
 * @example
 * ```ts
 * import { connect } from "tsxs";
 *
 * await using store = await connect();
 * await store.write("/tool/example", "hello");
 * console.log(await store.readText("/tool/example"));
 * ```
 *
 * @module
 */

export { Client, type ClientOptions, connect } from "./src/client/client.ts";
export type { StoreAddress } from "./src/client/store_address.ts";
export type { ReconnectOptions } from "./src/client/connection.ts";
export type { DomainOperations } from "./src/client/domains.ts";
export { ConflictError, TransactionEndedError } from "./src/client/errors.ts";
export type { Monitor } from "./src/client/monitor.ts";
export type { MonitorOptions, WaitOptions, WatchOptions } from "./src/client/watch.ts";
export type {
  ChangeEvent,
  MonitorEvent,
  OverflowEvent,
  ReconnectedEvent,
  ResyncEvent,
  ValueEvent,
  WatchName,
} from "./src/client/watch_events.ts";
export type { Path, RequestOptions } from "./src/client/arguments.ts";
export type { ReadOptions } from "./src/client/node_context.ts";
export type { NodeOperations } from "./src/client/nodes.ts";
export type { Backoff } from "./src/client/backoff.ts";
export type { ReportingClient } from "./src/client/reporting.ts";
export type { Status } from "./src/client/status.ts";
export type { RequestMessage } from "./src/client/tracer.ts";
export type { TransactionBody, TransactOptions } from "./src/client/transact.ts";
export type { Transaction } from "./src/client/transaction.ts";
export type { Predicate } from "./src/client/wait_for.ts";
export type { Walk, WalkOptions } from "./src/client/walk.ts";
export type { WalkNode } from "./src/client/walk_node.ts";
export type { EventCallback } from "./src/events/callbacks.ts";
export {
  type ApplianceEvent,
  type CloseEvent,
  type EnterEvent,
  EVENT_ALL,
  type EventBit,
  EventClass,
  type EventName,
  eventToString,
  type LaunchDoneEvent,
  type LibraryEvent,
  type ProgressEvent,
  type SubprocessQuitEvent,
  type TraceEvent,
  type TsxsEvent,
  type WarningEvent,
} from "./src/events/classes.ts";
export type { EventIterator, EventOverflow, EventStreamOptions } from "./src/events/stream.ts";
export { ConnectionError, UnexpectedPacketError } from "./src/transport/errors.ts";
export { memoryPair } from "./src/transport/memory.ts";
export type { Receiver, Traits, Transport } from "./src/transport/transport.ts";
export {
  type ErrorContext,
  InvalidOperationError,
  InvalidPathError,
  InvalidPayloadError,
  InvalidPermissionError,
  XenStoreError,
} from "./src/wire/errors.ts";
export type { Packet } from "./src/wire/header.ts";
export { Feature, Operation, type OperationName } from "./src/wire/operations.ts";
export { DOMID_ANY, type Permission } from "./src/wire/permissions.ts";
