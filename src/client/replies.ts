// Parses the payload of a reply, for each form that the protocol has.

import { parsePermissionReply, type Permission } from "../wire/permissions.ts";
import { splitStrings, toLatin1, toText, withoutNul } from "../wire/text.ts";

const TRANSACTION_MAX = 0xffffffff;

/** The payload of a reply is not what the operation returns. */
export class PayloadError extends Error {
  /** `"PayloadError"`. */
  override name = "PayloadError";
}

function unexpected(expected: string, payload: Uint8Array): PayloadError {
  const shown = JSON.stringify(toLatin1(payload.subarray(0, 32)));
  return new PayloadError(`its payload is ${shown}: expected ${expected}`);
}

/** Returns the bytes, copied: the payload is valid only during the call, and may be a Buffer, whose slice is a view. */
export function bytesReply(payload: Uint8Array): Uint8Array {
  return new Uint8Array(payload);
}

/** Returns the text of the daemon, whether or not it is `OK`. */
export function textReply(payload: Uint8Array): string {
  return toText(withoutNul(payload));
}

/** `OK`. */
export function okReply(payload: Uint8Array): void {
  const [o, k, nul] = payload;
  if (o !== 0x4f || k !== 0x4b || (nul ?? 0) !== 0 || payload.length > 3) throw unexpected("OK", payload);
}

/** A decimal number. */
export function numberReply(payload: Uint8Array): number {
  const text = toLatin1(withoutNul(payload));
  const number = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(number)) throw unexpected("a decimal number", payload);
  return number;
}

/** Returns the number of a transaction, which is never 0. */
export function transactionReply(payload: Uint8Array): number {
  const number = numberReply(payload);
  if (number < 1 || number > TRANSACTION_MAX) throw unexpected("a transaction's number", payload);
  return number;
}

/** `T` or `F`. */
export function booleanReply(payload: Uint8Array): boolean {
  const text = toLatin1(withoutNul(payload));
  if (text !== "T" && text !== "F") throw unexpected("T or F", payload);
  return text === "T";
}

/** Permissions, the owner's first. */
export function permissionsReply(payload: Uint8Array): Permission[] {
  if (payload.length === 0) throw unexpected("permissions", payload);
  return splitStrings(payload).map((text) => {
    const permission = parsePermissionReply(text);
    if (permission === null) throw unexpected("permissions", payload);
    return permission;
  });
}

/** One part of a directory: its generation, its names, and whether it is the last. */
export interface DirectoryPart {
  /** Changes whenever the directory does. */
  readonly generation: string;
  /** Names of children. */
  readonly names: readonly string[];
  /** The bytes of those names, their NULs included: how much further the next piece starts. */
  readonly size: number;
  /** Whether this was the last piece. */
  readonly last: boolean;
}

/** A piece of a directory. */
export function directoryPartReply(payload: Uint8Array): DirectoryPart {
  const end = payload.indexOf(0);
  if (end <= 0) throw unexpected("a generation", payload);
  const generation = toLatin1(payload.subarray(0, end));
  const rest = payload.subarray(end + 1);
  // The last part ends with an empty name: one more NUL after that of the last name.
  const last = rest.length > 0 && rest[rest.length - 1] === 0 && (rest.length === 1 || rest[rest.length - 2] === 0);
  const names = last ? rest.subarray(0, -1) : rest;
  if (names.length === 0 && !last) throw unexpected("names", payload);
  return { generation, names: splitStrings(names), size: names.length, last };
}
