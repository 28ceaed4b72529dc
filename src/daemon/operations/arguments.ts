// Reads the arguments of a request out of its payload.

import { fail, type Failure } from "../state/failure.ts";

/** Returns the only string of a payload; null if the payload has another number of strings. */
export function onlyString(text: string): string | null {
  return text !== "" && text.indexOf("\0") === text.length - 1 ? text.slice(0, -1) : null;
}

/** The strings of a payload that end with a NUL; what follows the last one is ignored. */
export function strings(text: string): string[] {
  const pieces = text.split("\0");
  pieces.pop();
  return pieces;
}

/** Reads a domain's number as `strtoul` does, for which an empty text is 0. */
export function parseDomid(text: string): number | Failure {
  const [, sign, digits] = /^[ \t\n\v\f\r]*([+-]?)(\d+)$/.exec(text) ?? [];
  if (digits === undefined) return text === "" ? 0 : fail.EINVAL;
  const domid = Number(digits);
  return domid > 0xffff || (sign === "-" && domid !== 0) ? fail.EINVAL : domid;
}

/** Parses a number as `atoi` does: other text is 0, and of a large number the lowest 32 bits count. */
export function atoi(text: string): number {
  const digits = /^[ \t\n\v\f\r]*([+-]?\d+)/.exec(text)?.[1] ?? "0";
  const value = Number(digits);
  if (Number.isSafeInteger(value)) return value | 0;
  const most = (1n << 63n) - 1n;
  return BigInt(digits) > most ? -1 : BigInt(digits) < -most ? 0 : Number(BigInt.asIntN(32, BigInt(digits)));
}
