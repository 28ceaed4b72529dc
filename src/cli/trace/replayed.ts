// A connection of a replay: sends what a client sent, and receives what the other store answers.

import { encodeHeader, HEADER_SIZE, type Packet } from "../../wire/header.ts";
import { Fifo } from "../../wire/fifo.ts";
import { encodePacket } from "../../wire/encoder.ts";
import { Operation } from "../../wire/operations.ts";
import { toLatin1 } from "../../wire/text.ts";
import type { ByteStream } from "./byte_stream.ts";
import { Splitter } from "./splitter.ts";

/** The largest number of bytes that may wait, and of different events: a store that sends more is disconnected. */
const LIMITS = { bytes: 64 << 20, events: 1 << 20 };
/** The id of the harmless request after the last one, which no client is likely to use. */
const LAST_ID = 0x74737873;

/** Why a reply is missing. */
export type Missing = "the connection ended" | "no reply came in time";

/** A connection to the other store. */
export class Replayed {
  /** The ids of the other store for the recorded ids of transactions. */
  readonly transactions: Map<number, number> = new Map();
  /** How much more often each event came than it was recorded. */
  readonly events: Map<string, number> = new Map();
  /** Whether the recorded client has ended its direction. */
  hasClientEnded = false;
  readonly #unanswered = new Fifo<Packet>();
  readonly #stream: ByteStream;
  readonly #patience: number;
  readonly #sent = new Splitter("client");
  readonly #replies = new Fifo<Packet>();
  #waiting = 0;
  #lastId = LAST_ID;
  #isLastAnswered: boolean | null = null;
  #isOver = false;
  #wake: () => void = () => {};

  /** `patience` is the longest time to wait for a reply, in milliseconds. */
  constructor(stream: ByteStream, patience: number) {
    this.#stream = stream;
    this.#patience = patience;
    void this.#receive();
  }

  /** The number of requests that the recorded store has yet to answer. */
  get unanswered(): number {
    return this.#unanswered.length;
  }

  /** Takes the oldest request that the recorded store has yet to answer; `null` if none waits. */
  takeRequest(): Packet | null {
    return this.#unanswered.shift() ?? null;
  }

  /** Whether the other store has ended the connection. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Sends a recorded request, with the id that its transaction has in the other store. */
  async request(packet: Packet): Promise<void> {
    this.#unanswered.push(packet);
    if (packet.requestId === this.#lastId) this.#lastId++;
    const message = new Uint8Array(HEADER_SIZE + packet.payload.length);
    const id = this.transactions.get(packet.transactionId) ?? packet.transactionId;
    encodeHeader(message, 0, packet.type, packet.requestId, id, packet.payload.length);
    message.set(packet.payload, HEADER_SIZE);
    await this.send(message);
  }

  /** Sends bytes. A connection that is over takes none. */
  async send(bytes: Uint8Array): Promise<void> {
    this.#sent.push(bytes);
    // The missing replies tell that the connection is over.
    if (!this.#isOver) await this.#stream.write(bytes).catch(() => {});
  }

  /** Waits for the next reply. */
  async reply(): Promise<Packet | Missing> {
    const isThere = await this.#until(() => this.#replies.length > 0 || this.#isOver);
    const packet = this.#replies.shift();
    this.#waiting -= packet?.payload.length ?? 0;
    return packet ?? (isThere ? "the connection ended" : "no reply came in time");
  }

  /** Counts a recorded event. */
  expect(packet: Packet): void {
    this.#count(packet, -1);
  }

  /**
   * Waits until the events that the requests caused have come: a store sends them before the reply to one more request.
   * That request reads nothing of the tree. It is not sent if it would not be a request of its own.
   */
  async settle(): Promise<void> {
    if (this.#isOver || !this.#sent.isBetweenMessages || this.#isLastAnswered !== null) return;
    this.#isLastAnswered = false;
    await this.send(encodePacket(Operation.GET_DOMAIN_PATH, this.#lastId, 0, ["0"]));
    await this.#until(() => this.#isLastAnswered === true || this.#isOver);
  }

  /** Ends the direction to the store. */
  async end(): Promise<void> {
    this.hasClientEnded = true;
    await this.#stream.end();
  }

  /** Waits until the store ends the connection, and tells whether it does. */
  ended(): Promise<boolean> {
    return this.#until(() => this.#isOver);
  }

  /** Closes the connection. Closing twice is fine. */
  close(): void {
    this.#stream.close();
  }

  async #receive(): Promise<void> {
    const splitter = new Splitter("store");
    try {
      for (let chunk = await this.#stream.read(); chunk !== null; chunk = await this.#stream.read()) {
        for (const piece of splitter.push(chunk)) if (piece.type === "message") this.#take(piece.packet);
        if (this.#waiting > LIMITS.bytes || this.events.size > LIMITS.events) break;
        this.#wake();
      }
    } catch { /* the connection broke, which counts as its end */ }
    this.#isOver = true;
    this.#stream.close();
    this.#wake();
  }

  #take(packet: Packet): void {
    if (packet.type === Operation.WATCH_EVENT) return this.#count(packet, 1);
    if (this.#isLastAnswered === false && packet.requestId === this.#lastId) {
      this.#isLastAnswered = true;
      return;
    }
    this.#replies.push(packet);
    this.#waiting += packet.payload.length;
  }

  #count({ payload }: Packet, by: 1 | -1): void {
    const event = toLatin1(payload);
    const count = (this.events.get(event) ?? 0) + by;
    if (count === 0) this.events.delete(event);
    else this.events.set(event, count);
  }

  /** Waits until a condition holds, which only what is received changes. Resolves with false if that takes too long. */
  async #until(isMet: () => boolean): Promise<boolean> {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.#wake();
    }, this.#patience);
    while (!isMet() && !isLate) await new Promise<void>((resolve) => this.#wake = resolve);
    clearTimeout(timer);
    return isMet();
  }
}
