// The locks of the states of a location: who holds them, and how a lock is broken.

import { SharedSignals } from "../client/abort.ts";
import { checkOptions, type OptionNames } from "../wire/checks.ts";
import { LockedStateError } from "./lock.ts";
import { breakLock } from "./lock_break.ts";
import { type LockStatus, lockStatus, ownerText } from "./lock_status.ts";
import type { StateFiles } from "./state_files.ts";
import type { StateOf } from "./states_options.ts";

/** The lock of a state. */
export interface StateLock extends StateOf, LockStatus {}

/** The options of {@linkcode breakStateLock}. */
export interface BreakStateLockOptions {
  /**
   * Whether the lock is broken although its owner has renewed it within the last minute.
   *
   * @default false
   */
  readonly force?: boolean | undefined;
  /**
   * Ends the operation, with the signal's reason.
   *
   * @default undefined
   */
  readonly signal?: AbortSignal | undefined;
}

const BREAK: OptionNames<BreakStateLockOptions> = { force: true, signal: true };

/**
 * Lists the locks of an object's states.
 *
 * @param states The states of the location.
 * @param object The object, such as `"guest"`.
 * @param options The signal that ends the operation.
 * @returns The locks, sorted by the names of their states.
 * @throws {RangeError} If the name of the object is invalid.
 * @throws {RemoteError} If the host cannot be used.
 *
 * @example
 * ```ts
 * import { mkdtemp } from "node:fs/promises";
 * import { StateFiles, stateLocks } from "tsxs/pools";
 *
 * console.log((await stateLocks(StateFiles.local(await mkdtemp("/tmp/pools-")), "guest")).length); // 0
 * ```
 */
export async function stateLocks(
  states: StateFiles,
  object: string,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<StateLock[]> {
  const found: StateLock[] = [];
  const signals = new SharedSignals();
  for (const state of await states.until(signal).locked(object)) {
    signal?.throwIfAborted();
    // It may have been released since then.
    const lock = await signals.wait(lockStatus(states.files, states.lockPath(object, state)), signal);
    if (lock !== null) found.push({ object, state, ...lock });
  }
  return found;
}

/**
 * Removes the lock of a state, whose process then stops before it changes the state.
 *
 * @param states The states of the location.
 * @param of The object and the state.
 * @param options Whether a lock that is not stale is broken, too, and the signal that ends the operation.
 * @returns Whether there was a lock, and this call has removed it.
 * @throws {LockedStateError} If the lock is not stale, and `force` is not set.
 * @throws {RangeError} If a name is invalid.
 * @throws {RemoteError} If the host cannot be used.
 * @throws {TypeError} If an option is unknown.
 *
 * @example
 * ```ts
 * import { mkdtemp } from "node:fs/promises";
 * import { breakStateLock, StateFiles } from "tsxs/pools";
 *
 * const states = StateFiles.local(await mkdtemp("/tmp/pools-"));
 * console.log(await breakStateLock(states, { object: "guest", state: "clean" })); // false
 * ```
 */
export async function breakStateLock(
  states: StateFiles,
  { object, state }: StateOf,
  options: BreakStateLockOptions = {},
): Promise<boolean> {
  checkOptions("breakStateLock", options, BREAK);
  const path = states.lockPath(object, state);
  const { signal } = options;
  const signals = new SharedSignals();
  signal?.throwIfAborted();
  const lock = await signals.wait(lockStatus(states.files, path), signal);
  if (lock === null) return false;
  if (!lock.isStale && options.force !== true) {
    const fault = `${ownerText(lock)} has the lock, which is not stale: force breaks it`;
    throw new LockedStateError(lock, fault, { operation: "breakLock", object, state });
  }
  return await signals.wait(breakLock(states.files, path, lock), signal);
}
