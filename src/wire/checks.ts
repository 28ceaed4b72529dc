// The checks of arguments that every room needs, and the words for an argument that fails one.

/** Returns a value for the text of an error: a string in quotes, a `bigint` with its `n`, an object by its kind. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "object" && value !== null) return "an object";
  return typeof value === "function" ? "a function" : String(value);
}

/** Returns what is wrong with a number that need not be whole, or `null` if it is from 0 to `to`. */
export function numberFault(name: string, value: unknown, to: number = Infinity): string | null {
  if (typeof value === "number" && value >= 0 && value <= to) return null;
  return `${name} is ${shown(value)}: expected a number from 0${to === Infinity ? "" : ` to ${to}`}`;
}

/** Throws a `RangeError` if a value is no number from 0 to `to`. It need not be whole. */
export function checkNumber(name: string, value: unknown, to?: number): void {
  const fault = numberFault(name, value, to);
  if (fault !== null) throw new RangeError(fault);
}

/**
 * Returns what is wrong with a number, or `null` if it is valid.
 *
 * Beyond 2^53 a `number` is not exact. It passes only if there is no upper bound to compare it with. A `bigint` passes
 * only if the upper bound is one.
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
  const isWhole = typeof value === "bigint"
    ? typeof to === "bigint"
    : (to === Infinity ? Number.isInteger(value) : Number.isSafeInteger(value));
  if (isWhole && value >= from && value <= to) return null;
  return `${name} is ${shown(value)}: expected a whole number from ${from}${to === Infinity ? "" : ` to ${to}`}`;
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

/** The names of the options of a type. A name that is missing does not compile. */
export type OptionNames<T> = Readonly<Record<keyof T, true>>;

/**
 * Checks that options are an object of known names. Throws a `TypeError` that names the unknown option and the nearest
 * known one.
 *
 * @param what What has the options, for the text.
 */
export function checkOptions(what: string, options: unknown, known: Readonly<Record<string, true>>): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`${what}: options are an object: got ${options === null ? "null" : typeof options}`);
  }
  // A `for` loop: requests with a signal are checked as well, and must stay fast.
  for (const name in options) if (known[name] !== true) throw unknownOption(what, name, known);
}

function unknownOption(what: string, name: string, known: Readonly<Record<string, true>>): TypeError {
  const nearest = nearestName(name, Object.keys(known));
  const hint = nearest === null ? "it takes no options" : `did you mean ${JSON.stringify(nearest)}?`;
  return new TypeError(`${what}: option ${JSON.stringify(name)} is unknown: ${hint}`);
}

/** Returns the known name that is most similar to a name, or `null` if all of them differ in more than `max` edits. */
export function nearestName(name: string, known: readonly string[], max: number = Infinity): string | null {
  const [nearest] = known
    .map((other) => ({ other, edits: editsBetween(name.toLowerCase(), other.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits);
  return nearest === undefined || nearest.edits > max ? null : nearest.other;
}

/** Returns how many characters must be added, removed or replaced to make one text of another. */
function editsBetween(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
