// Pauses between attempts: longer each time, and never the same for two who collided.

import { checkedWhole } from "../wire/checks.ts";
import type { SharedSignals } from "./abort.ts";

/** How long to wait between two attempts. */
export interface Backoff {
  /** The longest first pause in milliseconds. */
  readonly initial?: number;
  /** The longest pause of all in milliseconds. */
  readonly max?: number;
}

/** Throws a `RangeError` where the number of attempts, or a pause, is none. */
export function checkAttempts(attempts: number, { initial = 0, max = 0 }: Backoff): void {
  checkedWhole("attempts", attempts, 1);
  for (const [name, pause] of Object.entries({ initial, max })) {
    if (!(pause >= 0)) throw new RangeError(`backoff.${name} is ${pause}: expected milliseconds from 0`);
  }
}

/**
 * A pause before attempt `attempt` (the second is 1): anything up to twice as long as before, so that two do not meet
 * again.
 */
export function pauseBefore(
  attempt: number,
  { initial = 1, max = 100 }: Backoff,
  random: () => number = Math.random,
): number {
  return random() * Math.min(max, initial * 2 ** Math.min(attempt - 1, 52));
}

/** Waits. Rejects with the signal's reason as soon as that is aborted. */
export function pause(milliseconds: number, signals: SharedSignals, signal?: AbortSignal): Promise<void> {
  let timer: ReturnType<typeof setTimeout>;
  const passed = new Promise<void>((resolve) => timer = setTimeout(resolve, milliseconds));
  return signals.wait(passed, signal).finally(() => clearTimeout(timer));
}
