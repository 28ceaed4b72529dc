// What the operations on nodes need of a client or a transaction.

import type { Progress } from "../events/progress.ts";
import type { SharedSignals } from "./abort.ts";
import type { RequestOptions } from "./arguments.ts";
import type { Request } from "./request.ts";
import type { LongOperation } from "./tracer.ts";
import type { Follow } from "./unawaited.ts";

/** The options of a read with a default. */
export interface ReadOptions<D> extends RequestOptions {
  /** The result if the node does not exist. */
  readonly default: D;
}

/** A request about one path, as {@linkcode NodeOperations} makes it. */
export type NodeRequest<T> = Omit<Request<T>, "transactionId">;

/** Sends a request, within the transaction if the sender is one. */
export type Send = <T>(request: NodeRequest<T>) => Promise<T>;

/** What {@linkcode NodeOperations} needs. */
export interface NodeContext {
  /** Sends a request. */
  readonly send: Send;
  /** The signals of all waits of the client. */
  readonly signals: SharedSignals;
  /** Follows the requests that a caller may forget to await; by default nothing does. */
  readonly follow?: Follow;
  /** Starts to report the progress of a long operation; `null` if nothing listens. */
  readonly track: (operation: LongOperation) => Progress | null;
}
