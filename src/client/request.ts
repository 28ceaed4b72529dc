// A request as the router takes it, and what a router needs.

import type { Part } from "../wire/encoder.ts";
import type { Operation } from "../wire/operations.ts";
import type { SharedSignals } from "./abort.ts";
import type { After } from "./clean_up.ts";
import type { Tracer } from "./tracer.ts";

/** A request. */
export interface Request<T> {
  /** The operation. */
  readonly operation: Operation;
  /** The transaction that the request belongs to, 0 for none. */
  readonly transactionId: number;
  /** The path, for the errors of the request. */
  readonly path?: string | undefined;
  /** The payload. */
  readonly parts: readonly Part[];
  /**
   * Makes the result from the payload of the reply, which is valid only during the call. Throws if the payload is
   * invalid.
   */
  readonly parse: (payload: Uint8Array) => T;
  /** Ends the wait for the reply. The request itself cannot be taken back. */
  readonly signal?: AbortSignal | undefined;
  /** Undoes a request that succeeded after its caller stopped waiting. */
  readonly undo?: (result: T) => void;
}

/** Takes what becomes of a request, in the turn in which it is known. */
export interface ReplyHandler<in T> {
  /** Takes the result. Must not throw. */
  resolve(result: T): void;
  /** Takes the error. Must not throw. */
  reject(error: unknown): void;
}

/** Takes the events of one watch. */
export interface Subscriber {
  /** Takes the path that changed, as the store reports it. */
  deliver(path: string): void;
}

/** What a router gets from its client. */
export interface RouterOptions {
  /** The signals of all waits of the client. */
  readonly signals?: SharedSignals;
  /** Tells of the requests. */
  readonly tracer?: Tracer | null;
  /** The id of the first request, for tests. */
  readonly firstId?: number;
  /** The timer of clean-ups, for tests. */
  readonly after?: After;
}
