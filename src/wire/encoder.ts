// Builds messages one after the other in one buffer, so that the messages of one turn leave in one write.

import { withRoom } from "./growth.ts";
import { encodeHeader, HEADER_SIZE } from "./header.ts";
import { kindFault } from "./checks.ts";

/** A part of a payload: text is written as UTF-8 and a NUL, bytes as they are. */
export type Part = string | Uint8Array;

const INITIAL_SIZE = 4096;
const KEPT_SIZE = 65536;
const utf8 = new TextEncoder();

/** Appends messages to a buffer; {@linkcode Encoder.take} hands them out and starts afresh. */
export class Encoder {
  #bytes = new Uint8Array(INITIAL_SIZE);
  #length = 0;

  /** Bytes of the messages that wait. */
  get length(): number {
    return this.#length;
  }

  /** Appends one message, and returns the number of bytes of its payload. Appends nothing if it throws. */
  message(type: number, requestId: number, transactionId: number, parts: readonly Part[]): number {
    const start = this.#length;
    this.#reserve(HEADER_SIZE);
    this.#length += HEADER_SIZE;
    try {
      for (const part of parts) this.#part(part);
    } catch (error) {
      this.#length = start;
      throw error;
    }
    const length = this.#length - start - HEADER_SIZE;
    encodeHeader(this.#bytes, start, type, requestId, transactionId, length);
    return length;
  }

  /** Removes the messages after the first `length` bytes. */
  truncate(length: number): void {
    this.#length = length;
  }

  /** Takes all messages, in a view that is valid until the next message is appended. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#length = 0;
    if (this.#bytes.length > KEPT_SIZE) this.#bytes = new Uint8Array(INITIAL_SIZE);
    return taken;
  }

  #part(part: Part): void {
    if (typeof part === "string") this.#text(part);
    else if (part instanceof Uint8Array) this.#raw(part);
    else throw new TypeError(kindFault("a part", part));
  }

  #reserve(more: number): void {
    this.#bytes = withRoom(this.#bytes, this.#length, this.#length + more);
  }

  #text(text: string): void {
    this.#reserve(text.length + 1);
    const bytes = this.#bytes;
    let at = this.#length;
    // Paths and tokens are ASCII: a loop beats TextEncoder by far at their length.
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) {
        this.#raw(utf8.encode(text));
        at = -1;
        break;
      }
      bytes[at++] = code;
    }
    if (at >= 0) this.#length = at;
    this.#reserve(1);
    this.#bytes[this.#length++] = 0;
  }

  #raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }
}

/** Encodes one message. */
export function encodePacket(
  type: number,
  requestId: number,
  transactionId: number,
  parts: readonly Part[],
): Uint8Array {
  const encoder = new Encoder();
  encoder.message(type, requestId, transactionId, parts);
  return encoder.take().slice();
}
