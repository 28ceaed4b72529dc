// Sends one message at a time over a device that cannot take more with the interface of a connection.

import { Decoder } from "../wire/decoder.ts";
import { encodePacket } from "../wire/encoder.ts";
import { Fifo } from "../wire/fifo.ts";
import { decodeHeader, HEADER_SIZE, type Packet } from "../wire/header.ts";
import { Operation } from "../wire/operations.ts";
import { codeOf } from "../wire/system_errors.ts";

/** The codes by which a device rejects one message, not the connection: too long, or an invalid watch. */
export const REFUSALS: ReadonlySet<string> = new Set([
  "EINVAL",
  "E2BIG",
  "EEXIST",
  "ENOENT",
  "EACCES",
  "ENOSPC",
  "ENOMEM",
  "EPERM",
  "EILSEQ",
]);
/** The message of a poll, and what stands for its id: no client has sent it. */
const POLL = encodePacket(Operation.GET_DOMAIN_PATH, 0, 0, ["0"]);
const POLL_ID = -1;
/** How long a message without payload may stay unanswered before the next message is sent, in milliseconds. */
const ALONE_MS = 100;

/**
 * Keeps each message until the message before it is answered.
 *
 * Linux's XenBus device keeps a message's payload in one buffer of the open file and sends it from there when the ring
 * has room: a message that is written before the last one was answered may overwrite it on its way.
 *
 * A message without payload is the exception: oxenstored up to 4.17 does not look at it before more bytes come, so
 * after a while, when it must be on the ring, the next one is sent as well.
 */
export class Lockstep {
  readonly #write: (message: Uint8Array) => void;
  readonly #receive: (bytes: Uint8Array) => void;
  readonly #decoder: Decoder;
  readonly #fail: (error: unknown) => void;
  readonly #waiting = new Fifo<Uint8Array>();
  /** The request ids that are not answered yet: one, or that of a message without payload and the next one. */
  readonly #unanswered = new Fifo<number>();
  /** Whether the oldest of those is one without payload. */
  #alone = false;

  /**
   * `write` writes one message to the device, or throws; `receive` gets what a socket would have received; `fail` gets
   * what `write` throws outside of a call.
   */
  constructor(
    write: (message: Uint8Array) => void,
    receive: (bytes: Uint8Array) => void,
    fail: (error: unknown) => void,
  ) {
    this.#write = write;
    this.#receive = receive;
    this.#fail = fail;
    this.#decoder = new Decoder((packet) => this.#packet(packet));
  }

  /** Whether an answer is certain, which it is not for a message without payload that nothing follows. */
  get isAnswerDue(): boolean {
    return this.#unanswered.length > (this.#alone ? 1 : 0);
  }

  /** Whether no message waits for its answer. */
  get isIdle(): boolean {
    return this.#unanswered.length === 0;
  }

  /** Sends a harmless message, whose answer ends a read of the device. Throws what `write` throws. */
  poll(): void {
    this.#waiting.push(POLL);
    this.#next();
  }

  /** Sends messages, each in its turn. Throws what `write` throws, unless that is about one message. */
  send(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const end = at + HEADER_SIZE + decodeHeader(bytes, at).length;
      this.#waiting.push(bytes.slice(at, end));
      at = end;
    }
    this.#next();
  }

  /** Takes the bytes that the device gave. Throws if they cannot be messages. */
  receive(bytes: Uint8Array): void {
    this.#decoder.push(bytes);
  }

  #next(): void {
    while (this.#unanswered.length === 0 && this.#waiting.length > 0) this.#sendOne();
  }

  #sendOne(): void {
    const message = this.#waiting.shift();
    if (message === undefined) return;
    const { requestId, transactionId, length } = decodeHeader(message);
    try {
      this.#write(message);
      this.#unanswered.push(message === POLL ? POLL_ID : requestId);
      if (length === 0) this.#accompany(requestId);
    } catch (error) {
      const code = codeOf(error);
      if (code === undefined || !REFUSALS.has(code)) throw error;
      if (message === POLL) return;
      // The reply that a store would send over a socket. Delivered asynchronously, as replies are.
      queueMicrotask(() => this.#receive(encodePacket(Operation.ERROR, requestId, transactionId, [code])));
    }
  }

  /** Sends the message after one without payload, if that one stays unanswered. */
  #accompany(requestId: number): void {
    this.#alone = this.#unanswered.length === 1;
    setTimeout(() => {
      if (this.#unanswered.length !== 1 || this.#unanswered.at(0) !== requestId) return;
      try {
        this.#sendOne();
      } catch (error) {
        this.#fail(error);
      }
    }, ALONE_MS);
  }

  #packet({ type, requestId, transactionId, payload }: Packet): void {
    let id = requestId;
    const isPoll = type !== Operation.WATCH_EVENT && this.#unanswered.at(0) === POLL_ID;
    if (type !== Operation.WATCH_EVENT) {
      // Kernels before Linux 4.10 answer WATCH and UNWATCH without the request's id.
      const oldest = this.#unanswered.at(0) ?? 0;
      if (id === 0 && (type === Operation.WATCH || type === Operation.UNWATCH)) id = oldest;
      this.#unanswered.shift();
      this.#alone = false;
    }
    if (!isPoll) this.#receive(encodePacket(type, id, transactionId, [payload]));
    this.#next();
  }
}
