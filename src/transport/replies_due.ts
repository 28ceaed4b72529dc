// Counts the replies that a store still owes to a connection.

import { decodeHeader, HEADER_SIZE } from "../wire/header.ts";
import { Operation } from "../wire/operations.ts";

/** Follows both streams of a connection by their headers. Events count as no reply. */
export class RepliesDue {
  #count = 0;
  readonly #header = new Uint8Array(HEADER_SIZE);
  /** How many bytes of the header have come. */
  #have = 0;
  /** How many bytes of the payload are still to come. */
  #rest = 0;
  #isReply = false;

  /** The number of messages that were sent and are not answered. */
  get count(): number {
    return this.#count;
  }

  /** Counts the messages, which are whole. */
  sent(messages: Uint8Array): void {
    for (let at = 0; at < messages.length; at += HEADER_SIZE + decodeHeader(messages, at).length) this.#count++;
  }

  /** Counts the replies that end in the next bytes of the stream, cut anywhere. */
  received(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#rest === 0) {
        const taken = Math.min(HEADER_SIZE - this.#have, bytes.length - at);
        for (let i = 0; i < taken; i++) this.#header[this.#have + i] = bytes[at + i] ?? 0;
        at += taken;
        this.#have += taken;
        if (this.#have < HEADER_SIZE) return;
        this.#begin();
      } else {
        const taken = Math.min(this.#rest, bytes.length - at);
        at += taken;
        this.#rest -= taken;
      }
      if (this.#rest === 0 && this.#isReply && this.#count > 0) this.#count--;
    }
  }

  /** Forgets all messages: the connection is over. */
  clear(): void {
    this.#count = 0;
  }

  #begin(): void {
    const { type, length } = decodeHeader(this.#header);
    this.#have = 0;
    this.#rest = length;
    this.#isReply = type !== Operation.WATCH_EVENT;
  }
}
