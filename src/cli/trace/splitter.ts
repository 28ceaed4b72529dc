// Splits a stream of bytes into messages without losing a byte: bytes that are no message stay as they are.

import { DIRECTORY_REPLY_MAX, isFrame } from "../../wire/decoder.ts";
import { withRoom } from "../../wire/growth.ts";
import { decodeHeader, HEADER_SIZE, type Packet, PAYLOAD_MAX } from "../../wire/header.ts";

/** A message, or bytes that are no message. The bytes are copies. */
export type Piece =
  | { readonly type: "message"; readonly packet: Packet }
  | { readonly type: "bytes"; readonly bytes: Uint8Array };

/** Who sends the stream. A store may answer DIRECTORY with a longer payload than others are. */
export type Side = "client" | "store";

const empty: Uint8Array<ArrayBuffer> = new Uint8Array(0);

/**
 * Splits the stream of one side.
 *
 * A header that announces too long a payload ends the messages: daemons disconnect such a client. It holds at most one
 * message.
 */
export class Splitter {
  readonly #directoryMax: number;
  #partial = empty;
  #have = 0;
  #isLost = false;

  constructor(side: Side) {
    this.#directoryMax = side === "store" ? DIRECTORY_REPLY_MAX : PAYLOAD_MAX;
  }

  /** Whether all bytes belonged to whole messages. */
  get isBetweenMessages(): boolean {
    return this.#have === 0 && !this.#isLost;
  }

  /** Takes the next bytes. */
  push(chunk: Uint8Array): Piece[] {
    if (this.#isLost) return bytesPiece(chunk);
    const bytes = this.#have === 0 ? chunk : this.#appended(chunk);
    const pieces: Piece[] = [];
    let at = 0;
    while (bytes.length - at >= HEADER_SIZE) {
      const header = decodeHeader(bytes, at);
      if (!isFrame(header, this.#directoryMax)) {
        this.#isLost = true;
        this.#have = 0;
        return [...pieces, ...bytesPiece(bytes.subarray(at))];
      }
      const end = at + HEADER_SIZE + header.length;
      if (end > bytes.length) break;
      const { type, requestId, transactionId } = header;
      const payload = bytes.slice(at + HEADER_SIZE, end);
      pieces.push({ type: "message", packet: { type, requestId, transactionId, payload } });
      at = end;
    }
    this.#keep(bytes, at);
    return pieces;
  }

  /** Returns the bytes of a message that is not complete. */
  end(): Piece[] {
    const rest = bytesPiece(this.#partial.subarray(0, this.#have));
    this.#have = 0;
    return rest;
  }

  #appended(chunk: Uint8Array): Uint8Array {
    const length = this.#have + chunk.length;
    this.#partial = withRoom(this.#partial, this.#have, length);
    this.#partial.set(chunk, this.#have);
    return this.#partial.subarray(0, length);
  }

  #keep(bytes: Uint8Array, from: number): void {
    this.#have = bytes.length - from;
    if (this.#have === 0) return void (this.#partial = empty);
    if (bytes.buffer === this.#partial.buffer && from === 0) return;
    const kept = new Uint8Array(Math.max(this.#have, HEADER_SIZE + PAYLOAD_MAX));
    kept.set(bytes.subarray(from));
    this.#partial = kept;
  }
}

function bytesPiece(bytes: Uint8Array): Piece[] {
  return bytes.length === 0 ? [] : [{ type: "bytes", bytes: bytes.slice() }];
}
