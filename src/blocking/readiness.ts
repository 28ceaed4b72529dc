// Waits for an event of a blocking connection while the event loop runs.

import { afterTurn } from "../transport/builtin.ts";

/** The pauses between two checks of a descriptor in milliseconds. They grow, from the time of a reply. */
const PAUSE_MS = { first: 1, longest: 10 };

/**
 * Checks until `isReady()` is true, at most for `timeout` milliseconds. Returns the last result, after at least one
 * turn of the event loop.
 *
 * @param changed The `changed()` of the connection's transport.
 */
export async function untilReady(
  isReady: () => boolean,
  changed: (pause: number, rest: number) => Promise<void>,
  timeout: number,
): Promise<boolean> {
  const deadline = performance.now() + timeout;
  // Without a turn, a loop over many events that wait would stop timers and signal handlers.
  await new Promise<void>((resolve) => afterTurn(resolve));
  for (let pause = PAUSE_MS.first;; pause = Math.min(pause * 2, PAUSE_MS.longest)) {
    if (isReady()) return true;
    const rest = deadline - performance.now();
    if (!(rest > 0)) return false;
    await changed(Math.min(pause, rest), rest);
  }
}

/** Resolves after a time, during which the process does not exit. */
export function after(milliseconds: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, milliseconds));
}
