// What the store's answers, and the end of the connection, mean to a caller of xen.lowlevel.xs.

import type { Answer } from "../../src/blocking/exchange.ts";
import { XenStoreError } from "../../src/wire/errors.ts";
import { xsError } from "./error.ts";

/** Runs a function. If the connection turns out to be over, throws an error with the given code. */
export function lost<T>(run: () => T, code: string): T {
  try {
    return run();
  } catch (error) {
    throw lostError(error, code);
  }
}

/** Returns what is thrown for an error of the connection: its code, or the given one. Other errors stay as they are. */
export function lostError(error: unknown, code?: string): unknown {
  if (!(error instanceof XenStoreError)) return error;
  return xsError(error.code === "EINTR" ? error.code : code ?? error.code, error);
}

export function payload(answer: Answer): Uint8Array {
  if (typeof answer === "string") throw xsError(answer);
  return answer;
}

export function acknowledged(answer: Answer): null {
  payload(answer);
  return null;
}

/** Returns the number of a domain as libxenstore prints it. */
export function unsigned(domid: number): string {
  return `${domid >>> 0}`;
}
