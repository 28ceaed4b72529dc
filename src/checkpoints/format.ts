// The format of a stored checkpoint: two lines of text, the payload, and two lines with its length and checksum.

import type { LockOwner } from "./owner.ts";

/*
 * tsxs-checkpoint 1
 * {"host":"dom0","process":4711,"boot":"...","time":"...","started":123,"namespace":"pid:[...]"}
 * ... the payload, and a line feed if it does not end with one ...
 * length 0000000000001234
 * sha256 ... of all bytes before this line, in lower case ...
 */
const MAGIC = "tsxs-checkpoint ";
const VERSION = 1;
const TRAILER = /^length (\d{16})\nsha256 ([0-9a-f]{64})\n$/;
const LENGTH_LINE_SIZE = "length ".length + 16 + 1;
const CHECKSUM_LINE_SIZE = "sha256 ".length + 64 + 1;
const LINE_FEED = 0x0a;

/** The largest number of bytes of the two lines before the payload. */
export const HEADER_SIZE_MAX = 4096;
/** The number of bytes of the two lines after the payload. */
export const TRAILER_SIZE: number = LENGTH_LINE_SIZE + CHECKSUM_LINE_SIZE;
/** The number of bytes at the end that the checksum does not cover: its own line. */
export const UNCHECKED_SIZE: number = CHECKSUM_LINE_SIZE;

const encoder = new TextEncoder();
// A byte order mark is kept, and every byte is one character: what is read here is ASCII, or is corrupt.
const latin1 = new TextDecoder("latin1");

/** The beginning of a file, or what is wrong with it. */
export type Header =
  | { readonly kind: "whole"; readonly size: number; readonly owner: LockOwner }
  /** The magic is there, and the line of the owner is not complete. */
  | { readonly kind: "unfinished" }
  | { readonly kind: "empty" }
  | { readonly kind: "version"; readonly version: number }
  | { readonly kind: "corrupt"; readonly offset: number; readonly what: string };

/** The end of a file. */
export interface Trailer {
  /** The number of bytes of the payload. */
  readonly length: number;
  /** The checksum of all bytes before its line, in hexadecimal digits. */
  readonly checksum: string;
}

/** Encodes the lines before the payload. */
export function encodeHeader(owner: LockOwner): Uint8Array {
  return encoder.encode(`${MAGIC}${VERSION}\n${JSON.stringify(owner)}\n`);
}

/** Encodes what follows a payload, but the line of the checksum. `last` is the last byte of the payload, if any. */
export function encodeLength(length: number, last: number | undefined): Uint8Array {
  return encoder.encode(`${needsLineFeed(last) ? "\n" : ""}length ${String(length).padStart(16, "0")}\n`);
}

/** Encodes the line of the checksum. */
export function encodeChecksum(checksum: string): Uint8Array {
  return encoder.encode(`sha256 ${checksum}\n`);
}

/** Whether a line feed separates a payload from the lines after it. `last` is the last byte of the payload, if any. */
export function needsLineFeed(last: number | undefined): boolean {
  return last !== undefined && last !== LINE_FEED;
}

/** Parses the beginning of a file: at least {@linkcode HEADER_SIZE_MAX} bytes, or the whole file. */
export function parseHeader(bytes: Uint8Array): Header {
  if (bytes.length === 0) return { kind: "empty" };
  const text = latin1.decode(bytes.subarray(0, HEADER_SIZE_MAX));
  for (let i = 0; i < MAGIC.length; i++) {
    if (i === text.length) return { kind: "unfinished" };
    if (text[i] !== MAGIC[i]) return { kind: "corrupt", offset: i, what: `it does not begin with "${MAGIC.trim()}"` };
  }
  const first = text.indexOf("\n");
  if (first < 0 && text.length < MAGIC.length + 10) return { kind: "unfinished" };
  const version = text.slice(MAGIC.length, first);
  if (first < 0 || !/^[1-9]\d{0,8}$/.test(version)) {
    return { kind: "corrupt", offset: MAGIC.length, what: "its version is not a number" };
  }
  if (Number(version) !== VERSION) return { kind: "version", version: Number(version) };
  const second = text.indexOf("\n", first + 1);
  if (second < 0 && text.length < HEADER_SIZE_MAX) return { kind: "unfinished" };
  const owner = second < 0 ? null : parseOwner(bytes.subarray(first + 1, second));
  if (owner === null) return { kind: "corrupt", offset: first + 1, what: "its second line does not name a process" };
  return { kind: "whole", size: second + 1, owner };
}

/** Parses the last {@linkcode TRAILER_SIZE} bytes of a file. Returns null if they are no trailer. */
export function parseTrailer(bytes: Uint8Array): Trailer | null {
  const [, length, checksum] = TRAILER.exec(latin1.decode(bytes)) ?? [];
  return length === undefined || checksum === undefined ? null : { length: Number(length), checksum };
}

function parseOwner(bytes: Uint8Array): LockOwner | null {
  let value: Partial<Record<keyof LockOwner, unknown>> | null;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  const { host, process, boot, time, started, namespace } = value;
  if (!isTextOrNull(host) || !isTextOrNull(boot) || !isTextOrNull(namespace)) return null;
  // Process 0 would be the caller's whole group, and a negative one another group.
  if (typeof process !== "number" || !Number.isSafeInteger(process) || process < 1) return null;
  if (started !== null && typeof started !== "number") return null;
  if (typeof time !== "string" || !/^[-+:.\dTZ]{1,32}$/.test(time) || Number.isNaN(Date.parse(time))) return null;
  return { host, process, boot, time, started, namespace };
}

/** A text of printable characters: these texts become part of messages. */
function isTextOrNull(value: unknown): value is string | null {
  return value === null || (typeof value === "string" && /^[\x20-\x7e]{0,255}$/.test(value));
}
