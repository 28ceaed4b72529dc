// Sends one message at a time over a device that cannot take more, and makes it look like a connection that can.

import { Decoder } from "../wire/decoder.ts";
import { encodePacket } from "../wire/encoder.ts";
import { decodeHeader, HEADER_SIZE, type Packet } from "../wire/header.ts";
import { Operation } from "../wire/operations.ts";
import { codeOf } from "../wire/system_errors.ts";

/** What a device says of one message and not of the connection: too long, or a watch that it will not set. */
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
/** How long a message without payload may stay unanswered before the one behind it is sent, in milliseconds. */
const ALONE_MS = 100;

/**
 * Keeps what is sent until the message before it was answered.
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
  #waiting: Uint8Array[] = [];
  /** The request ids of what was not answered yet: one, or a message without payload and the one behind it. */
  #unanswered: number[] = [];
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

  /** Whether an answer is sure to come: it is not where a message without payload stands alone. */
  get isAnswerDue(): boolean {
    return this.#unanswered.length > (this.#alone ? 1 : 0);
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

  /** Takes what the device gave. Throws where it cannot be messages. */
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
    this.#unanswered.push(requestId);
    try {
      this.#write(message);
      if (length === 0) this.#accompany(requestId);
    } catch (error) {
      const code = codeOf(error);
      if (code === undefined || !REFUSALS.has(code)) throw error;
      this.#unanswered.pop();
      // What a socket's store would say of such a message. Not in the caller's turn, who does not expect replies in it.
      queueMicrotask(() => this.#receive(encodePacket(Operation.ERROR, requestId, transactionId, [code])));
    }
  }

  /** Sends the next message behind one without payload, should that stay without answer. */
  #accompany(requestId: number): void {
    this.#alone = this.#unanswered.length === 1;
    setTimeout(() => {
      if (this.#unanswered.length !== 1 || this.#unanswered[0] !== requestId) return;
      try {
        this.#sendOne();
      } catch (error) {
        this.#fail(error);
      }
    }, ALONE_MS);
  }

  #packet({ type, requestId, transactionId, payload }: Packet): void {
    let id = requestId;
    if (type !== Operation.WATCH_EVENT) {
      // Kernels before Linux 4.10 answer WATCH and UNWATCH without the request's id.
      const [oldest = 0] = this.#unanswered;
      if (id === 0 && (type === Operation.WATCH || type === Operation.UNWATCH)) id = oldest;
      this.#unanswered.shift();
      this.#alone = false;
    }
    this.#receive(encodePacket(type, id, transactionId, [payload]));
    this.#next();
  }
}
