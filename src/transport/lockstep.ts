// Sends one message at a time over a device that cannot take more, and makes it look like a connection that can.

import { Decoder } from "../wire/decoder.ts";
import { encodePacket } from "../wire/encoder.ts";
import { decodeHeader, HEADER_SIZE, type Packet } from "../wire/header.ts";
import { Operation } from "../wire/operations.ts";
import { codeOf } from "./transport.ts";

/** What a device says of one message and not of the connection: too long, or a watch that it will not set. */
const REFUSALS = new Set(["EINVAL", "E2BIG", "EEXIST", "ENOENT", "EACCES", "ENOSPC", "ENOMEM", "EPERM", "EILSEQ"]);

/**
 * Keeps what is sent until the message before it was answered.
 *
 * Linux's XenBus device keeps a message's payload in one buffer of the open file and sends it from there when the ring has
 * room: a message that is written before the last one was answered may overwrite it on its way.
 */
export class Lockstep {
  readonly #write: (message: Uint8Array) => void;
  readonly #receive: (bytes: Uint8Array) => void;
  readonly #decoder: Decoder;
  #waiting: Uint8Array[] = [];
  /** The request id of the message that was not answered yet. */
  #unanswered: number | null = null;

  /** `write` writes one message to the device, or throws; `receive` gets what a socket would have received. */
  constructor(write: (message: Uint8Array) => void, receive: (bytes: Uint8Array) => void) {
    this.#write = write;
    this.#receive = receive;
    this.#decoder = new Decoder((packet) => this.#packet(packet));
  }

  /** Whether the device still owes an answer. */
  get isAnswerDue(): boolean {
    return this.#unanswered !== null;
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
    while (this.#unanswered === null) {
      const message = this.#waiting.shift();
      if (message === undefined) return;
      const { requestId, transactionId } = decodeHeader(message);
      this.#unanswered = requestId;
      try {
        this.#write(message);
      } catch (error) {
        const code = codeOf(error);
        if (code === undefined || !REFUSALS.has(code)) throw error;
        this.#unanswered = null;
        // What a socket's store would say of such a message. Not in the caller's turn, who does not expect replies in it.
        queueMicrotask(() => this.#receive(encodePacket(Operation.ERROR, requestId, transactionId, [code])));
      }
    }
  }

  #packet({ type, requestId, transactionId, payload }: Packet): void {
    let id = requestId;
    if (type !== Operation.WATCH_EVENT) {
      // Kernels before Linux 4.10 answer WATCH and UNWATCH without the request's id.
      if (id === 0 && (type === Operation.WATCH || type === Operation.UNWATCH)) id = this.#unanswered ?? 0;
      this.#unanswered = null;
    }
    this.#receive(encodePacket(type, id, transactionId, [payload]));
    this.#next();
  }
}
