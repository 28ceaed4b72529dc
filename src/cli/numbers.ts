// Numbers in arguments: as C reads them, and times in seconds.

import { Failure } from "./invocation.ts";

/** The longest time of a timer, in seconds. */
const SECONDS_MAX = 2147483;

const LONG_MAX = 2n ** 63n - 1n;
const LONG_MIN = -(2n ** 63n);

/** Returns what atoi() returns: the number that the text begins with, or 0, in 32 bits with a sign. */
export function atoi(text: string): number {
  const [, digits = "0"] = /^[ \t\n\v\f\r]*([+-]?\d+)/.exec(text) ?? [];
  const value = BigInt(digits.replace("+", ""));
  const long = value > LONG_MAX ? LONG_MAX : value < LONG_MIN ? LONG_MIN : value;
  return Number(BigInt.asIntN(32, long));
}

/** Returns a time in milliseconds. Throws a {@linkcode Failure} if the text is no number of seconds above 0. */
export function millisecondsOf(text: string, option: string): number {
  const seconds = /^(?:\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : 0;
  if (seconds > 0 && seconds <= SECONDS_MAX) return seconds * 1000;
  throw new Failure(`invalid ${option} '${text}': expected a number of seconds above 0, at most ${SECONDS_MAX}`);
}
