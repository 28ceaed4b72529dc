// Text in payloads: strings, each ended by a NUL.

import { kindFault } from "./checks.ts";

const utf8 = new TextEncoder();
// Fatal: invalid bytes must not be replaced silently. A leading BOM is part of the value.
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const SHORT = 96;
/** As many characters as are passed in one call: the stack bounds the number of arguments. */
const CHUNK = 4096;

/** Text as UTF-8; bytes as they are. Throws a `TypeError` for anything else. */
export function toBytes(value: string | Uint8Array): Uint8Array {
  if (typeof value === "string") return utf8.encode(value);
  if (value instanceof Uint8Array) return value;
  throw new TypeError(kindFault("a value", value));
}

/** The bytes are not UTF-8. */
export class TextError extends TypeError {
  /** `"TextError"`. */
  override name = "TextError";
}

/** Decodes UTF-8. Throws a {@linkcode TextError} if the bytes are not UTF-8. */
export function toText(bytes: Uint8Array): string {
  if (bytes.length > SHORT) return decoded(bytes);
  let text = "";
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    if (byte > 0x7f) return decoded(bytes);
    text += String.fromCharCode(byte);
  }
  return text;
}

function decoded(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch (error) {
    // The runtimes word this error differently.
    throw new TextError("not UTF-8", { cause: error });
  }
}

/** The text of bytes of any kind, each byte one character: for names and paths, which are ASCII. */
export function toLatin1(bytes: Uint8Array): string {
  let text = "";
  // One by one, a long text would be a tree of as many pieces as characters.
  if (bytes.length > SHORT) {
    for (let at = 0; at < bytes.length; at += CHUNK) {
      text += Reflect.apply(String.fromCharCode, null, bytes.subarray(at, at + CHUNK));
    }
    return text;
  }
  for (let i = 0; i < bytes.length; i++) text += String.fromCharCode(bytes[i] ?? 0);
  return text;
}

/** Tells whether two values have the same bytes. */
export function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** The bytes before the NUL that ends a text, if one does. */
export function withoutNul(bytes: Uint8Array): Uint8Array {
  return bytes[bytes.length - 1] === 0 ? bytes.subarray(0, -1) : bytes;
}

/** Splits a payload into its strings, each ended by a NUL. The last NUL may be missing. An empty payload has none. */
export function splitStrings(payload: Uint8Array): string[] {
  const strings: string[] = [];
  for (let start = 0; start < payload.length;) {
    let end = payload.indexOf(0, start);
    if (end < 0) end = payload.length;
    strings.push(toLatin1(payload.subarray(start, end)));
    start = end + 1;
  }
  return strings;
}
