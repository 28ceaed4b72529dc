// A line, a store and a clock that a test controls, for the tests of links.

import { Connection, Domain } from "../../src/daemon/state/domains.ts";
import type { Clock } from "../../src/daemon/clock.ts";
import { type FaultOptions, Faults } from "../../src/daemon/lines/faults.ts";
import type { Line, LineUser } from "../../src/daemon/sockets/line.ts";
import { Links, type Patience } from "../../src/daemon/lines/links.ts";
import { Observer } from "../../src/daemon/lines/observer.ts";
import { DaemonReports } from "../../src/daemon/lines/reports.ts";
import { Reporter } from "../../src/events/reporter.ts";
import { OperationLog } from "../../src/daemon/lines/operation_log.ts";
import { Quotas } from "../../src/daemon/tree/quotas.ts";
import { Decoder } from "../../src/wire/decoder.ts";
import { encodePacket } from "../../src/wire/encoder.ts";
import type { Packet } from "../../src/wire/header.ts";
import { Operation, operationName } from "../../src/wire/operations.ts";
import { shown } from "./bytes.ts";

/** A clock whose time a test advances. */
export class ManualClock implements Clock {
  #now = 0;
  #timers: { at: number; callback: () => void }[] = [];

  /** The number of pending timers. */
  get waiting(): number {
    return this.#timers.length;
  }

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, callback: () => void): { cancel(): void } {
    const timer = { at: this.#now + milliseconds, callback };
    this.#timers.push(timer);
    return { cancel: () => void (this.#timers = this.#timers.filter((other) => other !== timer)) };
  }

  /** Advances the time, and runs the timers that are due. */
  pass(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (;;) {
      const [next] = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#timers = this.#timers.filter((other) => other !== next);
      this.#now = next.at;
      next.callback();
    }
    this.#now = end;
  }
}

/** The client's end of a line, which sends and reads on demand. */
export class FakeLine implements Line {
  /** The received messages: `"READ 1 value"`. */
  readonly received: string[] = [];
  /** The number of writes that it received. */
  writes = 0;
  /** The number of bytes that can be written before the line is full. */
  room: number = Infinity;
  isPaused = false;
  isClosed = false;
  user: LineUser | null = null;
  readonly #decoder = new Decoder(({ type, requestId, payload }) => {
    this.received.push(`${operationName(type)} ${requestId} ${shown(payload)}`);
  });

  write(bytes: Uint8Array): boolean {
    this.writes++;
    this.room -= bytes.length;
    this.#decoder.push(bytes);
    return this.room > 0;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  close(): void {
    this.isClosed = true;
  }

  /** Reads everything, and has room for so many bytes again. */
  drain(room: number = Infinity): void {
    this.room = room;
    this.user?.drained();
  }

  /** Sends bytes, and overwrites them afterwards, as a runtime reuses its buffer. */
  send(bytes: Uint8Array): void {
    const chunk = new Uint8Array(bytes);
    this.user?.receive(chunk);
    chunk.fill(0xee);
  }
}

/** The bytes of a request. */
export function request(requestId: number, payload = "/a", type: number = Operation.READ): Uint8Array {
  return encodePacket(type, requestId, 0, [payload]);
}

/** A store that answers each request with its payload, unless a test replaces this. */
export class FakeCore {
  /** The handled requests: `"CONNECTION: READ 1 /a|"`. */
  readonly handled: string[] = [];
  /** The ids of detached connections. */
  readonly detached: number[] = [];
  /** The milliseconds for which each connection is held, by its id. */
  readonly holds: Map<number, number> = new Map();
  readonly connections: Connection[] = [];
  onRequest: (connection: Connection, packet: Packet) => void = (connection, packet) => this.echo(connection, packet);

  attach(domid: number): Connection {
    const connection = new Connection(this.connections.length + 1, new Domain(domid, new Quotas()));
    this.connections.push(connection);
    return connection;
  }

  detach(connection: Connection): void {
    this.detached.push(connection.id);
  }

  holdOf(connection: Connection): number {
    return this.holds.get(connection.id) ?? 0;
  }

  handle(connection: Connection, packet: Packet): string {
    const { type, requestId, payload } = packet;
    this.handled.push(`${connection.id}: ${operationName(type)} ${requestId} ${shown(payload)}`);
    this.onRequest(connection, packet);
    return String.fromCharCode(...payload);
  }

  echo({ outbox }: Connection, { type, requestId, transactionId, payload }: Packet): void {
    outbox.reply(type, requestId, transactionId, String.fromCharCode(...payload));
  }

  /** The connection with this id, from 1. */
  connection(id: number): Connection {
    const connection = this.connections[id - 1];
    if (connection === undefined) throw new Error(`there is no connection ${id}`);
    return connection;
  }
}

/** Links to a FakeCore, with a ManualClock. */
export class Rig {
  readonly core: FakeCore = new FakeCore();
  readonly clock: ManualClock = new ManualClock();
  readonly log: OperationLog = new OperationLog();
  readonly links: Links;

  constructor(patience: Patience = {}, faults: FaultOptions | null = null) {
    const reports = new DaemonReports(new Reporter(), this.clock);
    const observer = new Observer(this.clock, this.log, faults === null ? null : new Faults(faults), reports);
    this.links = new Links(this.core, this.clock, observer, patience);
  }

  /** Opens a new connection. */
  open(domid = 0): FakeLine {
    const line = new FakeLine();
    line.user = this.links.open(domid, line);
    return line;
  }
}

/** Waits for a turn of the event loop, with the callbacks at its end. */
export async function turn(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
  await new Promise((resolve) => setImmediate(resolve));
}
