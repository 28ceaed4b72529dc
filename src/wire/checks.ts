// The checks of arguments that every room needs, and the words for an argument that fails one.

/**
 * Returns what is wrong with a number, or `null` if it is valid.
 *
 * Beyond 2^53 a `number` is not exact. It passes only if there is no upper bound to compare it with.
 *
 * @param name What the number is called in the text.
 * @param to The largest value that is allowed, `Infinity` by default.
 */
export function wholeFault(
  name: string,
  value: number | bigint,
  from: number,
  to: number | bigint = Infinity,
): string | null {
  const isWhole = typeof value === "bigint" ||
    (to === Infinity ? Number.isInteger(value) : Number.isSafeInteger(value));
  if (isWhole && value >= from && value <= to) return null;
  return `${name} is ${value}: expected a whole number from ${from}${to === Infinity ? "" : ` to ${to}`}`;
}

/** Returns the number. Throws a `RangeError` if it is not whole, or is out of bounds. */
export function checkedWhole<T extends number | bigint>(name: string, value: T, from: number, to?: number | bigint): T {
  const fault = wholeFault(name, value, from, to);
  if (fault !== null) throw new RangeError(fault);
  return value;
}

/** Returns the fault of a value that is neither text nor bytes. `what` names the value, with an article. */
export function kindFault(what: string, value: unknown): string {
  return `${what} is a string or a Uint8Array: got ${value === null ? "null" : typeof value}`;
}
