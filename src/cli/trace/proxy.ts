// The proxy: forwards the bytes of each connection in both directions as they are, and records them.

import { Fifo } from "../../wire/fifo.ts";
import type { Packet } from "../../wire/header.ts";
import { Operation } from "../../wire/operations.ts";
import { codeOf } from "../../wire/system_errors.ts";
import type { ByteStream } from "./byte_stream.ts";
import type { Happening } from "./record.ts";
import type { Recorder } from "./recorder.ts";
import { type Piece, type Side, Splitter } from "./splitter.ts";

/**
 * Connects each client to the store by a connection of its own.
 *
 * A direction reads no more before the other side has taken what was read, so that a slow reader slows down the sender
 * as it would without the proxy. A direction that ends, ends on the other side as well.
 */
export class Proxy {
  readonly #open: () => Promise<ByteStream>;
  readonly #recorder: Recorder;
  readonly #onRefused: (error: unknown) => void;
  readonly #connections = new Map<Promise<void>, Connection>();
  #last = 0;
  #isClosed = false;

  /** `open` connects to the store. `onRefused` gets the error if it cannot. */
  constructor(open: () => Promise<ByteStream>, recorder: Recorder, onRefused: (error: unknown) => void) {
    this.#open = open;
    this.#recorder = recorder;
    this.#onRefused = onRefused;
  }

  /** Serves a client until both directions have ended. */
  serve(client: ByteStream): void {
    if (this.#isClosed) return client.close();
    const connection = new Connection(++this.#last, client, this.#recorder);
    const done = connection.run(this.#open, this.#onRefused).finally(() => this.#connections.delete(done));
    this.#connections.set(done, connection);
  }

  /** Resolves when all connections have ended, and those that begin until then. */
  async ended(): Promise<void> {
    while (this.#connections.size > 0) await Promise.all(this.#connections.keys());
  }

  /** Closes all connections, and resolves when they have ended. Closing twice is fine. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const connection of this.#connections.values()) connection.close();
    await this.ended();
  }
}

/** The largest number of requests whose operations are remembered until their replies. */
const UNANSWERED_MAX = 65536;

class Connection {
  readonly #number: number;
  readonly #client: ByteStream;
  readonly #recorder: Recorder;
  /** The operations of the requests without a reply, which come in the same order; `null` if there were too many. */
  #unanswered: Fifo<number> | null = new Fifo<number>();
  #store: ByteStream | null = null;
  #isClosed = false;

  constructor(number: number, client: ByteStream, recorder: Recorder) {
    this.#number = number;
    this.#client = client;
    this.#recorder = recorder;
  }

  /** Forwards until both directions have ended. Never rejects. */
  async run(open: () => Promise<ByteStream>, onRefused: (error: unknown) => void): Promise<void> {
    this.#recorder.add(this.#number, { type: "open" });
    this.#recorder.flush();
    try {
      this.#store = await open();
    } catch (error) {
      onRefused(error);
      this.#end("store", error);
      return this.close();
    }
    // The proxy may have been closed by now.
    if (this.#isClosed) this.#store.close();
    await Promise.all([
      this.#forward("client", this.#client, this.#store),
      this.#forward("store", this.#store, this.#client),
    ]);
    this.close();
  }

  close(): void {
    this.#isClosed = true;
    this.#client.close();
    this.#store?.close();
  }

  async #forward(from: Side, source: ByteStream, sink: ByteStream): Promise<void> {
    const splitter = new Splitter(from);
    let isTaken = true;
    let error: unknown = null;
    try {
      for (let chunk = await source.read(); chunk !== null; chunk = await source.read()) {
        this.#record(from, splitter.push(chunk));
        // A client that is gone leaves replies, and only the store can end the connection then.
        if (isTaken) isTaken = await sink.write(chunk).then(() => true, () => false);
        // A store that is gone takes no more requests. The other direction forwards its last replies.
        if (!isTaken && from === "client") return;
      }
    } catch (reason) {
      error = reason;
    }
    this.#record(from, splitter.end());
    // A connection that the proxy closes has no end of its own.
    if (!this.#isClosed) this.#end(from, error);
    await sink.end();
  }

  #record(from: Side, pieces: readonly Piece[]): void {
    for (const piece of pieces) {
      if (piece.type === "bytes") {
        this.#recorder.add(this.#number, { type: "bytes", from, bytes: piece.bytes });
        continue;
      }
      this.#recorder.add(this.#number, this.#message(from, piece.packet));
    }
    this.#recorder.flush();
  }

  #message(from: Side, packet: Packet): Happening {
    if (from === "client") {
      if (this.#unanswered !== null) this.#unanswered.push(packet.type);
      // Stores stop to read long before that.
      if (this.#unanswered !== null && this.#unanswered.length > UNANSWERED_MAX) this.#unanswered = null;
      return { type: "request", packet };
    }
    if (packet.type === Operation.WATCH_EVENT) return { type: "event", packet };
    return { type: "reply", packet, request: this.#unanswered?.shift() ?? null };
  }

  #end(from: Side, error: unknown): void {
    const code = error === null ? null : codeOf(error) ?? (error instanceof Error ? error.name : "error");
    this.#recorder.add(this.#number, { type: "end", from, error: code });
    this.#recorder.flush();
  }
}
