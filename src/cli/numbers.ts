// Numbers in arguments, as C reads them.

const LONG_MAX = 2n ** 63n - 1n;
const LONG_MIN = -(2n ** 63n);

/** Returns what atoi() returns: the number that the text begins with, or 0, in 32 bits with a sign. */
export function atoi(text: string): number {
  const [, digits = "0"] = /^[ \t\n\v\f\r]*([+-]?\d+)/.exec(text) ?? [];
  const value = BigInt(digits.replace("+", ""));
  const long = value > LONG_MAX ? LONG_MAX : value < LONG_MIN ? LONG_MIN : value;
  return Number(BigInt.asIntN(32, long));
}
