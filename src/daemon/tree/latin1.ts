// Bytes as text with one character for each byte: what the daemon keeps, compares and sends without copying it about.

import { Buffer } from "node:buffer";

const { latin1Slice, latin1Write } = Buffer.prototype as unknown as {
  latin1Slice(this: Uint8Array, start: number, end: number): string;
  latin1Write(this: Uint8Array, text: string, at: number, length: number): number;
};
/** Up to here a loop is faster than a call out of the engine. */
const SHORT = 48;

/** The bytes from `start` to `end`, each as the character of its number. */
export function fromBytes(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  return start === end ? "" : latin1Slice.call(bytes, start, end);
}

/** Writes the bytes of a text that {@linkcode fromBytes} made. Returns the index after them. */
export function putBytes(bytes: Uint8Array, at: number, text: string): number {
  if (text.length > SHORT) latin1Write.call(bytes, text, at, text.length);
  else for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
  return at + text.length;
}

/** The bytes of a text that {@linkcode fromBytes} gave. */
export function toBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  putBytes(bytes, 0, text);
  return bytes;
}
