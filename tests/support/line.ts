// A line, a core and a clock that do what a test says, for the tests of what stands between them.

import { Connection, Domain } from "../../src/daemon/state/domains.ts";
import type { Clock } from "../../src/daemon/clock.ts";
import { type FaultOptions, Faults } from "../../src/daemon/lines/faults.ts";
import type { Line, LineUser } from "../../src/daemon/sockets/line.ts";
import { Links, type Patience } from "../../src/daemon/lines/links.ts";
import { Observer } from "../../src/daemon/lines/observer.ts";
import { OperationLog } from "../../src/daemon/lines/operation_log.ts";
import { Quotas } from "../../src/daemon/tree/quotas.ts";
import { Decoder } from "../../src/wire/decoder.ts";
import { encodePacket } from "../../src/wire/encoder.ts";
import type { Packet } from "../../src/wire/header.ts";
import { Operation, operationName } from "../../src/wire/operations.ts";
import { shown } from "./bytes.ts";

/** Time that passes when a test says so. */
export class ManualClock implements Clock {
  #now = 0;
  #timers: { at: number; callback: () => void }[] = [];

  /** How many timers wait. */
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

  /** Advances the time, and runs everything that is due by then. */
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

/** The far end of a line: a client that sends what it likes and reads when it likes. */
export class FakeLine implements Line {
  /** What was received, message by message: `"READ 1 value"`. */
  readonly received: string[] = [];
  /** How many pieces it came in. */
  writes = 0;
  /** How many bytes are taken before the line is full. */
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

  /** Reads all that came, and has room for so much again. */
  drain(room: number = Infinity): void {
    this.room = room;
    this.user?.drained();
  }

  /** Sends bytes, which are overwritten afterwards as a runtime's own buffer would be. */
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

/** A core that answers each request with its own payload, unless a test has it do otherwise. */
export class FakeCore {
  /** What it was asked, as `"CONNECTION: READ 1 /a|"`. */
  readonly handled: string[] = [];
  /** The connections that were given back. */
  readonly detached: number[] = [];
  /** What holds a connection up, by its number. */
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

  /** The connection of this number, from 1. */
  connection(id: number): Connection {
    const connection = this.connections[id - 1];
    if (connection === undefined) throw new Error(`there is no connection ${id}`);
    return connection;
  }
}

/** Links over such lines, to such a core, by such a clock. */
export class Rig {
  readonly core: FakeCore = new FakeCore();
  readonly clock: ManualClock = new ManualClock();
  readonly log: OperationLog = new OperationLog();
  readonly links: Links;

  constructor(patience: Patience = {}, faults: FaultOptions | null = null) {
    const observer = new Observer(this.clock, this.log, faults === null ? null : new Faults(faults));
    this.links = new Links(this.core, this.clock, observer, patience);
  }

  /** A new connection. */
  open(domid = 0): FakeLine {
    const line = new FakeLine();
    line.user = this.links.open(domid, line);
    return line;
  }
}

/** A turn passes, with all that was put off to its end. */
export async function turn(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
  await new Promise((resolve) => setImmediate(resolve));
}
