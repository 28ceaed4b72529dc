// The events of a daemon: its log, its requests, its long operations, its end.

import { EventClass } from "../../events/classes.ts";
import { quoted, quotedBytes } from "../../events/escape.ts";
import { Progress, withProgress } from "../../events/progress.ts";
import type { Reporter, ReporterOptions } from "../../events/reporter.ts";
import type { EventStreamOptions } from "../../events/stream.ts";
import { grantedVariable } from "../../transport/address.ts";
import { checkOptions, type OptionNames } from "../../wire/checks.ts";
import type { Clock } from "../clock.ts";
import type { OperationEvent } from "./operation_log.ts";

const { APPLIANCE, ENTER, LAUNCH_DONE, SUBPROCESS_QUIT, TRACE } = EventClass;
/** The long operations, with the numbers that their progress events carry. */
const LONG_OPERATIONS = { exportStream: 1003, importStream: 1004 } as const;

const STREAM_OPTIONS: OptionNames<EventStreamOptions> = { signal: true, limit: true };

/** What the events of a daemon get from its surroundings. */
export const reporterOptions: ReporterOptions = {
  variable: grantedVariable,
  check: (options) => checkOptions("events", options, STREAM_OPTIONS),
};

/** Raises the events of one daemon. */
export class DaemonReports {
  readonly #reporter: Reporter;
  readonly #clock: Clock;
  #serial = 0;

  /** Reports to `reporter`. */
  constructor(reporter: Reporter, clock: Clock) {
    this.#reporter = reporter;
    this.#clock = clock;
  }

  /** Whether each request is to be told. */
  get isTracing(): boolean {
    return this.#reporter.wants(TRACE);
  }

  /** Returns what takes the lines of the daemon's log: the caller's function, and the event. */
  logTo(log: ((line: string) => void) | undefined): (line: string) => void {
    return (text) => {
      log?.(text);
      this.#reporter.report({ type: "appliance", class: APPLIANCE, text });
    };
  }

  /** Tells that an operation of the daemon begins. */
  enter(operation: string): void {
    this.#reporter.report({ type: "enter", class: ENTER, operation });
  }

  /** Runs a long operation, which tells how far it is. */
  run<T>(operation: keyof typeof LONG_OPERATIONS, run: (advance: (position: number, total: number) => void) => T): T {
    this.enter(operation);
    const source = { operationNumber: LONG_OPERATIONS[operation], operation, serial: ++this.#serial };
    return withProgress(new Progress(this.#reporter, source, this.#clock), run);
  }

  /** Tells that the daemon listens. */
  ready(path: string): void {
    this.#reporter.log(() => `listens at ${path}`);
    this.#reporter.report({ type: "launch_done", class: LAUNCH_DONE });
  }

  /** Tells of a failure that the daemon survives. */
  problem(error: Error): void {
    this.#reporter.warn(error.message, error);
  }

  /** Tells that the daemon ends by itself. */
  failed(error: Error): void {
    this.#reporter.log(() => `the daemon ends: ${error.message}`);
    this.#reporter.report({ type: "subprocess_quit", class: SUBPROCESS_QUIT });
  }

  /** Tells of a request and its answer. */
  operation({ operation, path, transactionId, requestId, domid, reply, error, time }: OperationEvent): void {
    const duration = this.#clock.now() - time;
    const result = reply === null ? `-1 (${error ?? "the connection was cut"})` : quotedBytes(reply);
    const name = `${operation}${path === undefined ? "" : ` ${quoted(path)}`}`;
    const text = `domain ${domid}: ${name} = ${result} (${duration.toFixed(3)} ms)`;
    const fields = { phase: "reply", operation, path, transactionId, requestId, duration } as const;
    this.#reporter.report({ type: "trace", class: TRACE, text, ...fields, error: error ?? undefined });
  }
}
