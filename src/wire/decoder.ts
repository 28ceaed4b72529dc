// Finds the messages in a stream of bytes that may be cut anywhere.

import { decodeHeader, type Header, HEADER_SIZE, type Packet, PAYLOAD_MAX } from "./header.ts";
import { Operation } from "./operations.ts";

/**
 * The longest DIRECTORY payload that is taken. Oxenstored has no DIRECTORY_PART and, over a socket, sends the whole
 * list in one reply however long it is; refusing it as libxenstore does would cost the connection.
 */
export const DIRECTORY_REPLY_MAX: number = 4 << 20;

/**
 * The longest list of children that is taken in parts, in bytes: about a million children. A store whose parts never
 * end would take all memory otherwise.
 */
export const LISTING_MAX: number = 16 << 20;
/** What a part of a list counts at least, in bytes. A store fills its parts, so that few of them are smaller. */
export const LISTING_PART_MIN = 1024;

/** The bytes cannot be a message: the stream has lost its frame, and the bytes after these are meaningless. */
export class FrameError extends Error {
  /** `"FrameError"`. */
  override name = "FrameError";
  /** The invalid header. */
  readonly header: Header;

  /** Makes the error for an invalid header. */
  constructor(header: Header) {
    super(`message of type ${header.type} announces ${header.length} bytes: at most ${PAYLOAD_MAX} are allowed`);
    this.header = header;
  }
}

/**
 * Up to here a loop is faster than a view and a call. The C daemon writes header and payload apart, so most are cut.
 */
const SHORT = 64;
const empty: Uint8Array = new Uint8Array(0);

/**
 * Takes chunks and calls back with each complete message. The payload is a view, mostly of the chunk itself, and is
 * valid only during the call.
 */
export class Decoder {
  readonly #onPacket: (packet: Packet) => void;
  #partial = empty;
  #have = 0;
  #header: Header | null = null;

  /** Makes a decoder that calls `onPacket` for each message. */
  constructor(onPacket: (packet: Packet) => void) {
    this.#onPacket = onPacket;
  }

  /** Whether a message has begun and is not complete. */
  get midMessage(): boolean {
    return this.#have > 0;
  }

  /** Takes the next bytes of the stream. Throws a {@linkcode FrameError} if they cannot be a message. */
  push(chunk: Uint8Array): void {
    let at = 0;
    if (this.#have > 0) {
      at = this.#complete(chunk);
      if (this.#have > 0) return;
    }
    while (chunk.length - at >= HEADER_SIZE) {
      const header = checkedHeader(chunk, at);
      const end = at + HEADER_SIZE + header.length;
      if (end > chunk.length) break;
      const payload = chunk.subarray(at + HEADER_SIZE, end);
      at = end;
      this.#emit(header, payload);
    }
    if (at < chunk.length) this.#keep(chunk, at, chunk.length);
  }

  /** Completes the message that has begun. Returns the index at which the next message starts. */
  #complete(chunk: Uint8Array): number {
    const at = this.#header === null ? Math.min(HEADER_SIZE - this.#have, chunk.length) : 0;
    const header = this.#keep(chunk, 0, at);
    if (header === null) return at;
    const size = HEADER_SIZE + header.length;
    const end = at + Math.min(size - this.#have, chunk.length - at);
    this.#keep(chunk, at, end);
    if (this.#have === size) {
      const message = this.#partial;
      if (message.length > HEADER_SIZE + PAYLOAD_MAX) this.#partial = empty;
      this.#header = null;
      this.#have = 0;
      this.#emit(header, message.subarray(HEADER_SIZE, size));
    }
    return end;
  }

  /** Keeps a part of a chunk; returns the header as soon as that is whole. */
  #keep(chunk: Uint8Array, from: number, to: number): Header | null {
    if (this.#partial.length === 0) this.#partial = new Uint8Array(HEADER_SIZE + PAYLOAD_MAX);
    if (this.#header === null) {
      const headerEnd = Math.min(to, from + HEADER_SIZE - this.#have);
      this.#copy(chunk, from, headerEnd);
      from = headerEnd;
      if (this.#have < HEADER_SIZE) return null;
      this.#header = checkedHeader(this.#partial, 0);
      const needed = HEADER_SIZE + this.#header.length;
      if (needed > this.#partial.length) {
        const grown = new Uint8Array(needed);
        grown.set(this.#partial.subarray(0, HEADER_SIZE));
        this.#partial = grown;
      }
    }
    this.#copy(chunk, from, to);
    return this.#header;
  }

  #copy(chunk: Uint8Array, from: number, to: number): void {
    const bytes = this.#partial;
    let at = this.#have;
    this.#have += to - from;
    if (to - from > SHORT) bytes.set(chunk.subarray(from, to), at);
    else while (from < to) bytes[at++] = chunk[from++] ?? 0;
  }

  #emit({ type, requestId, transactionId }: Header, payload: Uint8Array): void {
    this.#onPacket({ type, requestId, transactionId, payload });
  }
}

/** Tells whether a header is valid. `directoryMax` is the longest valid payload of DIRECTORY. */
export function isFrame({ type, length }: Header, directoryMax: number): boolean {
  return length <= PAYLOAD_MAX || (type === Operation.DIRECTORY && length <= directoryMax);
}

/** Reads the header at `at`. Throws a {@linkcode FrameError} if the header is invalid. */
export function checkedHeader(bytes: Uint8Array, at: number, directoryMax: number = DIRECTORY_REPLY_MAX): Header {
  const header = decodeHeader(bytes, at);
  if (!isFrame(header, directoryMax)) throw new FrameError(header);
  return header;
}
