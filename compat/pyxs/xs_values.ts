// What the calls of pyxs's xs take for a transaction, and what they give for an event.

import { toLatin1 } from "../../src/wire/text.ts";
import { isDict, pythonError, typeName } from "../python.ts";
import type { Bytes } from "./helpers.ts";

/**
 * A transaction: the text that `transaction_start()` returns, as text, bytes or a number. Every empty value means none:
 * `0`, `null`, `""`.
 */
export type XsTransaction = Bytes | number | null | undefined;

/** An event: the path of the node and the value that `watch()` was given as the token, by name or as a pair. */
export type XsEvent<T = unknown> = readonly [path: string, token: T] & {
  /** The path. */
  readonly path: string;
  /** The token. */
  readonly token: T;
};

/** Python's `int(tx_id or 0)`, within the range of the protocol. */
export function transactionOf(value: unknown): number {
  if (isEmpty(value)) return 0;
  const id = intOf(value);
  if (id >= 0 && id <= 0xffffffff) return id;
  throw pythonError("OverflowError", "argument out of range");
}

/** Whether Python counts a value as false. */
function isEmpty(value: unknown): boolean {
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length === 0;
  return isDict(value) ? Object.keys(value).length === 0 : !value;
}

function intOf(value: unknown): number {
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") {
    return Math.trunc(Number(value));
  }
  const isBytes = value instanceof Uint8Array;
  if (!isBytes && typeof value !== "string") {
    const expected = "a string, a bytes-like object or a real number";
    throw pythonError("TypeError", `int() argument must be ${expected}, not '${typeName(value)}'`);
  }
  const text = isBytes ? toLatin1(value) : value;
  if (/^\s*[+-]?\d+(?:_\d+)*\s*$/.test(text)) return Number(text.replaceAll("_", ""));
  throw pythonError("ValueError", `invalid literal for int() with base 10: ${isBytes ? "b" : ""}'${text}'`);
}
