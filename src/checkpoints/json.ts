// The shape of all JSON that the command prints: one object a line, in ASCII, with bytes as text or as base64.

import { bytesOf, utf8Of } from "./bytes.ts";

/** A byte string in JSON: text if the bytes are valid UTF-8, and base64 otherwise. */
export type JsonBytes = string | { readonly base64: string };

const ascii = /^[\0-\x7f]*$/;
const loneSurrogate = /\p{Cs}/u;
const decoder = (): TextDecoder => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Returns a byte string as it stands in JSON. */
export function jsonOf(text: string): JsonBytes {
  if (ascii.test(text)) return text;
  try {
    return decoder().decode(bytesOf(text));
  } catch {
    return { base64: btoa(text) };
  }
}

/** Returns the byte string of what stands in JSON, or `null` if that stands for no bytes. */
export function bytesFromJson(json: unknown): string | null {
  if (typeof json === "string") return loneSurrogate.test(json) ? null : utf8Of(json);
  if (typeof json !== "object" || json === null || !("base64" in json) || typeof json.base64 !== "string") return null;
  try {
    return atob(json.base64);
  } catch {
    return null;
  }
}

/** Returns a line of JSON in ASCII. JSON itself leaves DEL, control characters and bidirectional marks as they are. */
export function jsonLine(record: object): string {
  const text = JSON.stringify(record);
  const safe = text.replace(/[^\0-~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return `${safe}\n`;
}
