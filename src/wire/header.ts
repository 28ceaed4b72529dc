// The header of a message: four 32-bit words, little-endian, as on every machine that runs Xen.

/** Bytes of a header. */
export const HEADER_SIZE = 16;
/** The largest payload of a message in bytes, in both directions. */
export const PAYLOAD_MAX = 4096;

/** The header of a message. */
export interface Header {
  /** The number of the operation, which may be unknown. */
  readonly type: number;
  /** The id of the request, which the reply repeats. */
  readonly requestId: number;
  /** The transaction that the request belongs to, 0 for none. */
  readonly transactionId: number;
  /** Bytes of the payload. */
  readonly length: number;
}

/** One message. */
export interface Packet {
  /** The number of the operation, which may be unknown. */
  readonly type: number;
  /** The id of the request, which the reply repeats. */
  readonly requestId: number;
  /** The transaction that the request belongs to, 0 for none. */
  readonly transactionId: number;
  /** The payload. */
  readonly payload: Uint8Array;
}

function putWord(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word;
  bytes[at + 1] = word >>> 8;
  bytes[at + 2] = word >>> 16;
  bytes[at + 3] = word >>> 24;
}

function word(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) |
    ((bytes[at + 3] ?? 0) << 24)) >>> 0;
}

/** Writes a header at `at`. Each word is taken modulo 2^32. */
export function encodeHeader(
  bytes: Uint8Array,
  at: number,
  type: number,
  requestId: number,
  transactionId: number,
  length: number,
): void {
  putWord(bytes, at, type);
  putWord(bytes, at + 4, requestId);
  putWord(bytes, at + 8, transactionId);
  putWord(bytes, at + 12, length);
}

/** Reads the header at `at`. All of its 16 bytes must be there. */
export function decodeHeader(bytes: Uint8Array, at = 0): Header {
  return {
    type: word(bytes, at),
    requestId: word(bytes, at + 4),
    transactionId: word(bytes, at + 8),
    length: word(bytes, at + 12),
  };
}
