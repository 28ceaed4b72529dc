// Sees each request and its answer: for the operation log, and to make faults on purpose.

import type { Packet } from "../../wire/header.ts";
import type { Clock } from "../clock.ts";
import type { Connection } from "../state/domains.ts";
import { Failure } from "../state/failure.ts";
import { toBytes } from "../tree/latin1.ts";
import type { Faults } from "./faults.ts";
import type { DaemonReports } from "./reports.ts";
import type { Responder } from "./responder.ts";
import { operationEvent, type OperationLog } from "./operation_log.ts";

/** The link of a connection, as far as a fault may cut it. */
export interface Cuttable {
  /** Sends the content of the outbox. */
  flush(): void;
  /** Ends the connection and its line. */
  end(): void;
}

/** Stands between the links and the responder while an operation log is read, or faults are to be made. */
export class Observer {
  readonly #clock: Clock;
  readonly #log: OperationLog;
  readonly #faults: Faults | null;
  readonly #reports: DaemonReports;

  /** Takes the log to fill, the faults to make, if any, and the events of the daemon. */
  constructor(clock: Clock, log: OperationLog, faults: Faults | null, reports: DaemonReports) {
    this.#clock = clock;
    this.#log = log;
    this.#faults = faults;
    this.#reports = reports;
  }

  /** Whether requests have to go through {@linkcode Observer.serve}. */
  get isInterested(): boolean {
    return this.#faults !== null || this.#log.isWanted || this.#reports.isTracing;
  }

  /** How many milliseconds the next request has to wait because of a fault. */
  delay(): number {
    return this.#faults?.delay() ?? 0;
  }

  /** Has a request answered, and logs it; or cuts its connection instead of the answer. */
  serve(responder: Responder, connection: Connection, request: Packet, link: Cuttable): void {
    const time = this.#clock.now();
    const cut = this.#faults?.cut() ?? null;
    // The requests before this one still get their replies.
    if (cut !== null) link.flush();
    const answer = cut === "before" ? null : responder.handle(connection, request);
    if (cut !== null) link.end();
    else this.#fire(connection);
    if (this.#log.isWanted || this.#reports.isTracing) {
      this.#add(connection, request, time, cut === null ? answer : null);
    }
  }

  #add({ id, domid }: Connection, request: Packet, time: number, answer: string | Failure | null): void {
    const reply = typeof answer === "string" ? toBytes(answer) : null;
    const error = answer instanceof Failure ? answer.code : null;
    const event = operationEvent(request, { time, connection: id, domid, reply, error });
    this.#log.add(event);
    this.#reports.operation(event);
  }

  /** Perhaps sends an event of one of the watches of a connection. */
  #fire(connection: Connection): void {
    let left = this.#faults?.spurious(connection.watches.size) ?? -1;
    if (left < 0) return;
    for (const { path, prefix, token } of connection.watches.values()) {
      if (left-- === 0) connection.outbox.event(path.slice(prefix), token);
    }
  }
}
