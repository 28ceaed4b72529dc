// `trace --replay`: sends the recorded requests to another store, and prints what the store answers differently.

import type { Packet } from "../../wire/header.ts";
import { Operation } from "../../wire/operations.ts";
import { toLatin1 } from "../../wire/text.ts";
import type { Context } from "../context.ts";
import { openInput } from "../input.ts";
import { Failure, reasonOf } from "../invocation.ts";
import { Printer } from "../printer.ts";
import { orTrouble } from "../trouble.ts";
import { compareAnswers, type Incomparable } from "./answers.ts";
import { type Difference, differenceLine, type Summary, summaryLine } from "./difference.ts";
import type { TraceRecord } from "./record.ts";
import type { Form } from "./recorder.ts";
import { Replayed } from "./replayed.ts";
import { recordsOf } from "./trace_file.ts";

/** How long a reply may take without `--timeout`, in milliseconds. */
const PATIENCE_MS = 10_000;
/** The store of `embedded:`, which would be a new one for each connection without a name. */
const EMBEDDED = "embedded:tsxs-replay";

/** Replays a trace. Resolves with 0 if all answers are equal, and with 1 otherwise. */
export function replay(context: Context, file: string, form: Form): Promise<number> {
  return orTrouble(async () => {
    const printer = new Printer(context.invocation);
    const player = new Player(context, (difference) => printer.print(differenceLine(difference, form)));
    const work = (await context.progress()).start("trace");
    try {
      await player.play(recordsOf(...openInput(context.invocation, file, work)));
      work.done();
      printer.print(summaryLine(player.summary, form));
    } finally {
      printer.flush();
      player.close();
    }
    return player.summary.differences === 0 ? 0 : 1;
  });
}

class Player {
  readonly summary: Summary = {
    requests: 0,
    connections: 0,
    events: 0,
    differences: 0,
    unanswered: 0,
    incomparable: {},
  };
  readonly #context: Context;
  readonly #print: (difference: Difference) => void;
  readonly #connections = new Map<number, Replayed>();
  #address: string | undefined;

  constructor(context: Context, print: (difference: Difference) => void) {
    this.#context = context;
    this.#print = print;
    const { address } = context.globals;
    this.#address = address === "embedded:" ? EMBEDDED : address;
  }

  /** Replays records in their order. A reply is waited for when its record comes, as the recorded client did. */
  async play(records: AsyncIterable<TraceRecord>): Promise<void> {
    let last = 0;
    for await (const record of records) {
      last = record.time;
      if (record.type === "open") {
        await this.#open(record.connection);
        continue;
      }
      const connection = this.#connections.get(record.connection);
      // The differences have told that its connection ended.
      if (connection !== undefined) await this.#step(record, connection);
    }
    for (const number of [...this.#connections.keys()]) await this.#finish(last, number);
  }

  /** Closes all connections. */
  close(): void {
    for (const connection of this.#connections.values()) connection.close();
  }

  async #open(number: number): Promise<void> {
    const { invocation, globals, limit } = this.#context;
    const { stream, address } = await limit("connect", invocation.openStream(this.#address)).catch((error: unknown) => {
      throw error instanceof Failure ? error : new Failure(`xs_open: ${reasonOf(error)}`);
    });
    this.#address = address;
    this.summary.connections++;
    this.#connections.set(number, new Replayed(stream, globals.timeout ?? PATIENCE_MS));
  }

  async #step(record: Exclude<TraceRecord, { readonly type: "open" }>, connection: Replayed): Promise<void> {
    switch (record.type) {
      case "request":
        this.summary.requests++;
        return await connection.request(record.packet);
      case "reply":
        return await this.#reply(record.time, record.connection, connection, record.packet);
      case "event":
        this.summary.events++;
        return connection.expect(record.packet);
      case "bytes":
        if (record.from === "client") return await connection.send(record.bytes);
        return this.#skip("bytes that are no message");
      case "end":
        return await this.#end(record.time, record.connection, connection, record.from === "client");
    }
  }

  async #reply(time: number, number: number, connection: Replayed, recorded: Packet): Promise<void> {
    const request = connection.takeRequest();
    const answered = await connection.reply();
    if (typeof answered === "string") {
      this.#tell({ type: "reply", time, connection: number, request, recorded, answered });
      return this.#drop(number, connection);
    }
    if (recorded.type === Operation.TRANSACTION_START && answered.type === recorded.type) {
      connection.transactions.set(idOf(recorded), idOf(answered));
    }
    const id = connection.transactions.get(recorded.transactionId) ?? recorded.transactionId;
    const comparison = compareAnswers(recorded, answered);
    if (comparison === "different" || answered.transactionId !== id) {
      this.#tell({ type: "reply", time, connection: number, request, recorded, answered });
    } else if (comparison !== "equal") this.#skip(comparison);
    if (request?.type === Operation.TRANSACTION_END) connection.transactions.delete(recorded.transactionId);
  }

  async #end(time: number, number: number, connection: Replayed, isClient: boolean): Promise<void> {
    if (isClient) {
      await connection.settle();
      return await connection.end();
    }
    const hasEnded = await connection.ended();
    if (!hasEnded) this.#tell({ type: "end", time, connection: number });
    await this.#finish(time, number);
  }

  /** Compares the events of a connection, and closes it. */
  async #finish(time: number, number: number): Promise<void> {
    const connection = this.#connections.get(number);
    if (connection === undefined) return;
    await connection.settle();
    for (const [event, count] of connection.events) {
      this.#tell({ type: "event", time, connection: number, event, count });
    }
    this.summary.unanswered += connection.unanswered;
    this.#drop(number, connection);
  }

  #drop(number: number, connection: Replayed): void {
    connection.close();
    this.#connections.delete(number);
  }

  #tell(difference: Difference): void {
    this.summary.differences++;
    this.#print(difference);
  }

  #skip(what: Incomparable): void {
    this.summary.incomparable[what] = (this.summary.incomparable[what] ?? 0) + 1;
  }
}

/** Returns the id in the reply to TRANSACTION_START. */
function idOf({ payload }: Packet): number {
  return Number(toLatin1(payload).replace(/\0$/, "")) >>> 0;
}
