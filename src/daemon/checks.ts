// Checks of values that a caller passes: numbers, functions and names. Each throws an error that names the value.

import { checkedWhole, numberFault, shown } from "../wire/checks.ts";
import { DOMID_MAX } from "../wire/permissions.ts";

/** Checks the number of a domain. Throws a `RangeError` if the number is not whole, or out of range. */
export function checkDomid(domid: number): void {
  checkedWhole("domid", domid, 0, DOMID_MAX);
}

/** Throws a `TypeError` if a value is no number, and a `RangeError` if it is not from 0 to `max`. */
export function checkNumber(name: string, value: unknown, max?: number): void {
  const fault = numberFault(name, value, max);
  if (fault !== null) throw typeof value === "number" ? new RangeError(fault) : new TypeError(fault);
}

/** Checks each of several numbers that is defined: see {@linkcode checkNumber}. */
export function checkNumbers(options: Readonly<Record<string, unknown>>, max?: number): void {
  for (const [name, value] of Object.entries(options)) if (value !== undefined) checkNumber(name, value, max);
}

/** Throws a `TypeError` if a value is no function. */
export function checkFunction(name: string, value: unknown): void {
  if (typeof value !== "function") throw new TypeError(`${name} is ${shown(value)}: expected a function`);
}

/** Checks each of several functions that is defined: see {@linkcode checkFunction}. */
export function checkFunctions(options: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(options)) if (value !== undefined) checkFunction(name, value);
}
