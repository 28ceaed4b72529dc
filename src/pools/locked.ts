// Runs an operation while it holds the lock of a state.

import { SharedSignals } from "../client/abort.ts";
import type { StateErrorContext } from "./errors.ts";
import { settledSoon } from "./files_until.ts";
import { type LockOptions, takeLock } from "./lock.ts";
import type { StateFiles } from "./state_files.ts";

/**
 * Takes the lock of a state, runs an operation, and lets go of the lock. The signal that the operation gets is aborted
 * by the caller's signal, and when the lock is lost.
 */
export async function withLock<T>(
  states: StateFiles,
  context: StateErrorContext,
  options: LockOptions,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const held = await takeLock(states.files, states.lockPath(context.object, context.state), context, options);
  const signals = new SharedSignals();
  const ends = new AbortController();
  const end = (signal: AbortSignal | undefined): (() => void) | undefined =>
    signal && signals.add(signal, () => ends.abort(signal.reason));
  const releases = [end(held.lost), end(options.signal)];
  try {
    return await run(ends.signal);
  } finally {
    for (const release of releases) release?.();
    // The lock of a location that does not answer is stale after a minute.
    await settledSoon(held.release(), options.signal);
  }
}
