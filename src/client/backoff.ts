// Random pauses between attempts, up to a bound that grows.

import { checkedWhole, checkNumber, checkOptions, type OptionNames } from "../wire/checks.ts";
import { host } from "../transport/host.ts";
import type { SharedSignals } from "./abort.ts";

/** How long the pauses between attempts are. */
export interface Backoff {
  /** The longest first pause, in milliseconds. */
  readonly initial?: number;
  /** The longest pause of all, in milliseconds. */
  readonly max?: number;
}

const BACKOFF: OptionNames<Backoff> = { initial: true, max: true };

/**
 * Checks the number of attempts and the pauses. Throws a `RangeError` if one is invalid, and a `TypeError` if an option
 * is unknown.
 */
export function checkAttempts(attempts: number, backoff: Backoff): void {
  checkOptions("backoff", backoff, BACKOFF);
  const { initial = 0, max = 0 } = backoff;
  checkedWhole("attempts", attempts, 1);
  for (const [name, pause] of Object.entries({ initial, max })) checkNumber(`backoff.${name}`, pause);
}

/**
 * Returns the pause before an attempt, where 1 is the second attempt. The pause is random, up to a bound that doubles,
 * so that two clients that collided do not collide again.
 */
export function pauseBefore(
  attempt: number,
  { initial = 1, max = 100 }: Backoff,
  random: () => number = Math.random,
): number {
  return random() * Math.min(max, initial * 2 ** Math.min(attempt - 1, 52));
}

/**
 * Waits. Rejects with the signal's reason if the signal is aborted. The process may exit during the wait unless
 * `isHeld`.
 */
export function pause(
  milliseconds: number,
  signals: SharedSignals,
  signal?: AbortSignal,
  isHeld = true,
): Promise<void> {
  let passed = () => {};
  const passing = new Promise<void>((resolve) => passed = resolve);
  const timer = setTimeout(() => passed(), milliseconds);
  if (!isHeld) host().releaseTimer(timer);
  return signals.wait(passing, signal).finally(() => clearTimeout(timer));
}
