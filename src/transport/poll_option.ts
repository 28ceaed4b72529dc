// Polling as an option: its bounds, and whether it is of use.

import { checkedWhole } from "../wire/checks.ts";
import { availableCpus } from "./builtin.ts";

/** The longest time to poll for a reply, in microseconds. */
export const POLL_MAX_US = 1_000_000;

/** Checks the microseconds to poll. Throws a `RangeError` if they are invalid. */
export function checkPoll(microseconds: number): void {
  checkedWhole("poll", microseconds, 0, POLL_MAX_US);
}

/** Whether polling is of use. With one CPU, the store could not run while the client polls. */
export function isPollUseful(microseconds: number, cpus: () => number = availableCpus): boolean {
  return microseconds > 0 && cpus() > 1;
}
