// The daemon, as its users see it: re-exports only.

/**
 * A XenStore daemon in TypeScript, for Deno, Bun and Node: the store of a test, of a simulation, or of a host.
 *
 * It answers as the C xenstored does, in memory and over Unix sockets, with domains, permissions, quotas, watches and
 * transactions; where Xen is not to be had, it stands in for the hypervisor.
 *
 * @example
 * ```ts
 * import { connect } from "tsxs";
 * import { Daemon } from "tsxs/daemon";
 *
 * await using daemon = new Daemon();
 * await using store = await connect(daemon.connect());
 * await using monitor = store.monitor();
 * await monitor.watch("@introduceDomain", "new");
 * daemon.introduceDomain(1);
 * for await (const event of monitor) {
 *   if (event.type === "change") console.log(event.path, event.token); // @introduceDomain new
 *   break;
 * }
 * ```
 *
 * @module
 */

export type { Clock } from "./clock.ts";
export { Daemon } from "./daemon.ts";
export type { FaultOptions } from "./lines/faults.ts";
export type { Patience } from "./lines/links.ts";
export { MigrationError } from "./migration/errors.ts";
export type { LogEvent, LogOptions, LogOverflowEvent, LogReader, OperationEvent } from "./lines/operation_log.ts";
export type { ConnectOptions, DaemonOptions, KeepOptions } from "./options.ts";
export { JournalError, type JournalErrorContext, type JournalFault } from "./persistence/errors.ts";
export type { QuotaName } from "./tree/quotas.ts";
export type { Listener } from "./lines/server.ts";
export { ConnectionError } from "../transport/errors.ts";
export type { EventCallback } from "../events/callbacks.ts";
export type {
  ApplianceEvent,
  CloseEvent,
  EnterEvent,
  EventBit,
  EventName,
  LaunchDoneEvent,
  LibraryEvent,
  ProgressEvent,
  SubprocessQuitEvent,
  TraceEvent,
  TsxsEvent,
  WarningEvent,
} from "../events/classes.ts";
export { EVENT_ALL, EventClass, eventToString } from "../events/classes.ts";
export type { Reported } from "../events/reported.ts";
export type { EventIterator, EventOverflow, EventStreamOptions } from "../events/stream.ts";
export type { Receiver, Traits, Transport } from "../transport/transport.ts";
export { type ErrorContext, XenStoreError } from "../wire/errors.ts";
export type { OperationName } from "../wire/operations.ts";
