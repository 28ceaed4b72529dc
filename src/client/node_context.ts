// What the operations on nodes need of a client or a transaction.

import type { Progress } from "../events/progress.ts";
import type { SharedSignals } from "./abort.ts";
import type { RequestOptions } from "./arguments.ts";
import type { ReplyHandler, Request } from "./request.ts";
import type { LongOperation } from "./tracer.ts";
import type { Follow } from "./unawaited.ts";

/** The options of a read with a default. */
export interface ReadOptions<D> extends RequestOptions {
  /** The result if the node does not exist. */
  readonly default: D;
}

/** Sends requests. */
export interface Sender {
  /** Sends a request and resolves with its result. */
  request<T>(request: Request<T>): Promise<T>;
  /** Sends a request and calls its handler with the result. Throws if the request cannot be sent. */
  send<T>(request: Request<T>, handler: ReplyHandler<T>): void;
}

/** What {@linkcode NodeOperations} needs. */
export interface NodeContext {
  /** Sends the requests. */
  readonly sender: Sender;
  /** The transaction of the requests, 0 for none. */
  readonly transactionId: number;
  /** The signals of all waits of the client. */
  readonly signals: SharedSignals;
  /** Follows the requests that a caller may forget to await; by default nothing does. */
  readonly follow?: Follow;
  /** Starts to report the progress of a long operation; `null` if nothing listens. */
  readonly track: (operation: LongOperation) => Progress | null;
}
