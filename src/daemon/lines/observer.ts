// Who sees each request on its way to the core: the log, and the faults on purpose.

import type { Packet } from "../../wire/header.ts";
import { Operation } from "../../wire/operations.ts";
import type { Clock } from "../clock.ts";
import type { Connection } from "../state/domains.ts";
import type { Faults } from "./faults.ts";
import { toBytes } from "../tree/latin1.ts";
import type { Link, Served } from "./link.ts";
import { operationEvent, type OperationLog } from "./operation_log.ts";

/** Stands between links and core where somebody wants to see requests, or to have them go wrong. */
export class Observer {
  readonly #clock: Clock;
  readonly #log: OperationLog;
  readonly #faults: Faults | null;
  #answerType = 0;
  #answer: string | null = null;

  /** Takes what to log to, and the faults to make, if any. */
  constructor(clock: Clock, log: OperationLog, faults: Faults | null) {
    this.#clock = clock;
    this.#log = log;
    this.#faults = faults;
  }

  /** Whether requests have to come by. */
  get isInterested(): boolean {
    return this.#faults !== null || this.#log.isWanted;
  }

  /** How many milliseconds the next request is to wait. */
  delay(): number {
    return this.#faults?.delay() ?? 0;
  }

  /** What the core answers, whom it may be of no interest to. */
  answered(type: number, payload: string): void {
    this.#answerType = type;
    this.#answer = payload;
  }

  /** Has the core carry out a request, and logs it; or cuts its connection. */
  serve(core: Served, connection: Connection, request: Packet, link: Link): void {
    const time = this.#clock.now();
    const cut = this.#faults?.cut() ?? null;
    // What was answered before it still is.
    if (cut !== null) link.flush();
    this.#answer = null;
    if (cut !== "before") core.handle(connection, request);
    if (cut !== null) link.end();
    else this.#fire(connection);
    if (this.#log.isWanted) this.#add(connection, request, time, cut === null ? this.#answer : null);
  }

  #add({ id, domid }: Connection, request: Packet, time: number, answer: string | null): void {
    const isError = this.#answerType === Operation.ERROR;
    const reply = answer === null || isError ? null : toBytes(answer);
    const error = answer === null || !isError ? null : answer.slice(0, -1);
    this.#log.add(operationEvent(request, { time, connection: id, domid, reply, error }));
  }

  /** Perhaps sends an event of one of the connection's watches. */
  #fire(connection: Connection): void {
    let left = this.#faults?.spurious(connection.watches.size) ?? -1;
    if (left < 0) return;
    for (const { path, prefix, token } of connection.watches.values()) {
      if (left-- === 0) connection.outbox.event(path.slice(prefix), token);
    }
  }
}
