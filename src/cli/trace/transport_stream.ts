// A stream over a transport of the library, for the XenBus device and the stores of this process.

import type { Transport } from "../../transport/transport.ts";
import { encodePacket } from "../../wire/encoder.ts";
import { Fifo } from "../../wire/fifo.ts";
import { Operation } from "../../wire/operations.ts";
import { codedError } from "../../wire/system_errors.ts";
import type { ByteStream } from "./byte_stream.ts";
import { type Piece, Splitter } from "./splitter.ts";

/** The number of unread bytes from which on the stream takes no requests. */
const ROOM = 1 << 16;
/** The number of unread bytes at which the stream fails: a transport cannot be paused, and events do not end. */
const LIMIT = 16 << 20;

/** A stream that sends whole messages, as transports want them. */
export class TransportStream implements ByteStream {
  readonly #transport: Transport;
  readonly #sent = new Splitter("client");
  readonly #answered = new Splitter("store");
  readonly #received = new Fifo<Uint8Array>();
  #unread = 0;
  /** The number of requests without a reply. */
  #owed = 0;
  #error: unknown = null;
  #isEnded = false;
  #wakeReader: () => void = () => {};
  #wakeWriter: () => void = () => {};

  constructor(transport: Transport) {
    this.#transport = transport;
    transport.start({ receive: (bytes) => this.#receive(bytes), ended: (cause) => this.#fail(cause ?? closed()) });
  }

  async read(): Promise<Uint8Array | null> {
    while (this.#received.length === 0) {
      if (this.#isEnded && this.#owed <= 0) return null;
      if (this.#error !== null) return null;
      await new Promise<void>((resolve) => this.#wakeReader = resolve);
    }
    const bytes = this.#received.shift() ?? null;
    this.#unread -= bytes?.length ?? 0;
    if (this.#unread < ROOM) this.#wakeWriter();
    return bytes;
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (const piece of this.#sent.push(bytes)) {
      while (this.#unread >= ROOM && this.#error === null) {
        await new Promise<void>((resolve) => this.#wakeWriter = resolve);
      }
      if (this.#error !== null) throw this.#error;
      this.#send(piece);
    }
  }

  end(): Promise<void> {
    this.#isEnded = true;
    this.#wakeReader();
    return Promise.resolve();
  }

  close(): void {
    this.#fail(closed());
    void this.#transport.close();
  }

  #send(piece: Piece): void {
    // A transport has no end of its own for each direction, so the stream counts the replies that it still waits for.
    if (piece.type === "bytes") return this.#transport.send(piece.bytes);
    const { type, requestId, transactionId, payload } = piece.packet;
    this.#owed++;
    this.#transport.send(encodePacket(type, requestId, transactionId, [payload]));
  }

  #receive(bytes: Uint8Array): void {
    for (const piece of this.#answered.push(bytes)) {
      if (piece.type === "message" && piece.packet.type !== Operation.WATCH_EVENT) this.#owed--;
    }
    this.#received.push(bytes.slice());
    this.#unread += bytes.length;
    if (this.#unread > LIMIT) return this.close();
    this.#wakeReader();
  }

  #fail(error: unknown): void {
    this.#error ??= error;
    this.#wakeReader();
    this.#wakeWriter();
  }
}

function closed(): Error {
  return codedError("EPIPE", "the connection is closed");
}
