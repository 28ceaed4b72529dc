// Tells of requests, replies and watch events: as trace and enter events, and on diagnostics channels.

import { EventClass } from "../events/classes.ts";
import { quoted, quotedBytes } from "../events/escape.ts";
import { Progress, progressClock } from "../events/progress.ts";
import type { Reporter } from "../events/reporter.ts";
import type { DiagnosticsChannels } from "../transport/diagnostics.ts";
import { type Operation, operationName } from "../wire/operations.ts";
import type { Status } from "./status.ts";

const { ENTER, LAUNCH_DONE, SUBPROCESS_QUIT, TRACE } = EventClass;
const OBSERVED = ENTER | TRACE;
/** The operations that report progress, with the numbers that their events carry. */
const LONG_OPERATIONS = {
  reconnect: 1000,
  walk: 1001,
  list: 1002,
  saveTree: 1003,
  restoreTree: 1004,
} as const;

/** An operation that may take long. */
export type LongOperation = keyof typeof LONG_OPERATIONS;

/**
 * The message that the channels `tracing:tsxs:request:*` of `node:diagnostics_channel` carry. All channels carry the
 * same object for one request, so that a subscriber may keep a span on it.
 */
export interface RequestMessage {
  /** The operation, such as `"READ"`. */
  readonly operation: string;
  /** The path, if the operation has one. */
  readonly path: string | undefined;
  /** The transaction of the request, 0 for none. */
  readonly transactionId: number;
  /** The id of the request within its connection. */
  readonly requestId: number;
  /** The number of bytes of the reply; `undefined` until then, and if the request failed. */
  resultLength?: number;
  /** Why the request failed. */
  error?: unknown;
}

/** What a tracer needs to know of a request. */
export interface TracedRequest {
  /** The operation. */
  readonly operation: Operation;
  /** The path, if the operation has one. */
  readonly path?: string | undefined;
  /** The transaction, 0 for none. */
  readonly transactionId: number;
}

/** A request that is traced, until it ends. */
export class RequestTrace {
  readonly #tracer: Tracer;
  readonly #message: RequestMessage;
  readonly #started: number;

  constructor(tracer: Tracer, message: RequestMessage, started: number) {
    this.#tracer = tracer;
    this.#message = message;
    this.#started = started;
  }

  /** Tells that the reply is there. */
  succeeded(payload: Uint8Array): void {
    this.#message.resultLength = payload.length;
    this.#tracer.replied(this.#message, this.#started, () => quotedBytes(payload));
  }

  /** Tells that the request failed. */
  failed(error: unknown): void {
    this.#message.error = error;
    const reason = error instanceof Error ? error.message : String(error);
    this.#tracer.replied(this.#message, this.#started, () => `-1 (${reason})`);
  }
}

/** Traces the requests of one client, over all its connections. Without a listener, a request costs one comparison. */
export class Tracer {
  readonly #reporter: Reporter;
  #channels: DiagnosticsChannels | null = null;
  #serial = 0;

  /** Makes a tracer that reports to `reporter`. */
  constructor(reporter: Reporter) {
    this.#reporter = reporter;
  }

  /** Publishes to these channels as well from now on. */
  set channels(channels: DiagnosticsChannels | null) {
    this.#channels = channels;
  }

  /** Whether anything listens to requests now. */
  get isWanted(): boolean {
    return (this.#reporter.wanted & OBSERVED) !== 0 || this.#isPublished;
  }

  get #isPublished(): boolean {
    const channels = this.#channels;
    if (channels === null) return false;
    const { start, end, asyncStart, asyncEnd, error } = channels;
    return start.hasSubscribers || asyncEnd.hasSubscribers || error.hasSubscribers || end.hasSubscribers ||
      asyncStart.hasSubscribers;
  }

  /** Tells that an operation of the client begins, such as `"connect"`. */
  enter(operation: string): void {
    if (this.#reporter.wants(ENTER)) this.#reporter.report({ type: "enter", class: ENTER, operation });
  }

  /** Raises a message of the library. */
  log(text: () => string): void {
    this.#reporter.log(text);
  }

  /** Starts to report the progress of a long operation; `null` if nothing listens. */
  track(operation: LongOperation): Progress | null {
    return this.#reporter.wants(EventClass.PROGRESS) ? this.progress(operation) : null;
  }

  /** Starts to report the progress of a long operation, also to callbacks that are registered later. */
  progress(operation: LongOperation): Progress {
    const source = { operationNumber: LONG_OPERATIONS[operation], operation, serial: ++this.#serial };
    return new Progress(this.#reporter, source, progressClock);
  }

  /** Tells of a change of the connection. */
  status(status: Status): void {
    this.#reporter.log(() => statusText(status));
    if (status.type === "connected" || status.type === "reconnected") {
      this.#reporter.report({ type: "launch_done", class: LAUNCH_DONE });
    } else if (status.type === "disconnected") {
      this.#reporter.report({ type: "subprocess_quit", class: SUBPROCESS_QUIT });
    }
  }

  /** Tells that a request starts. */
  started({ operation, path, transactionId }: TracedRequest, requestId: number): RequestTrace {
    const message: RequestMessage = { operation: operationName(operation), path, transactionId, requestId };
    this.#reporter.report({ type: "enter", class: ENTER, operation: message.operation });
    this.#trace("start", message, undefined, undefined, () => "");
    if (this.#isPublished) {
      this.#channels?.start.publish(message);
      this.#channels?.end.publish(message);
    }
    return new RequestTrace(this, message, performance.now());
  }

  /** Tells that a request ended. */
  replied(message: RequestMessage, started: number, result: () => string): void {
    const { error } = message;
    this.#trace("reply", message, performance.now() - started, error, () => ` = ${result()}`);
    if (!this.#isPublished) return;
    if (error !== undefined) this.#channels?.error.publish(message);
    this.#channels?.asyncStart.publish(message);
    this.#channels?.asyncEnd.publish(message);
  }

  /** Tells that a watch event arrived. */
  event(path: string, token: string): void {
    const message = { operation: "WATCH_EVENT", path, transactionId: 0, requestId: 0 };
    this.#trace("event", message, undefined, undefined, () => ` token ${quoted(token)}`);
  }

  #trace(
    phase: "start" | "reply" | "event",
    { operation, path, transactionId, requestId }: RequestMessage,
    duration: number | undefined,
    error: unknown,
    rest: () => string,
  ): void {
    if (!this.#reporter.wants(TRACE)) return;
    const transaction = transactionId === 0 ? "" : ` in transaction ${transactionId}`;
    const time = duration === undefined ? "" : ` (${duration.toFixed(3)} ms)`;
    const text = `${operation}${path === undefined ? "" : ` ${quoted(path)}`}${transaction}${rest()}${time}`;
    const fields = { phase, operation, path, transactionId, requestId, duration, error };
    this.#reporter.report({ type: "trace", class: TRACE, text, ...fields });
  }
}

function statusText(status: Status): string {
  switch (status.type) {
    case "connected":
      return `connected to ${status.address}`;
    case "disconnected":
      return `the connection is lost: ${status.error.message}`;
    case "reconnected":
      return `connected again to ${status.address}, at attempt ${status.attempts}`;
    case "closed":
      return status.error === undefined ? "closed" : `closed: ${status.error.message}`;
  }
}
