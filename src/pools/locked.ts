// Runs an operation while it holds the lock of a state.

import { SharedSignals } from "../client/abort.ts";
import type { StateErrorContext } from "./errors.ts";
import { settledSoon } from "./files_until.ts";
import type { HeldLock } from "./held_lock.ts";
import { type LockOptions, takeLock } from "./lock.ts";
import type { StateFiles } from "./state_files.ts";

/** Runs an operation while it holds the lock of a state, as {@linkcode withLock} does. */
export type WithLock = <T>(
  states: StateFiles,
  context: StateErrorContext,
  options: LockOptions,
  run: (signal: AbortSignal, held: HeldLock) => Promise<T>,
) => Promise<T>;

/**
 * Takes the lock of a state, runs an operation, and lets go of the lock. The signal that the operation gets is aborted
 * by the caller's signal, and when the lock is lost.
 */
export const withLock: WithLock = async (states, context, options, run) => {
  const held = await takeLock(
    states.files,
    states.lockPath(context.object, context.state),
    { ...context, location: states.files.location },
    options,
  );
  return await holding(held, options.signal, run);
};

/** Runs an operation while a lock is held, as {@linkcode withLock} does, and lets go of the lock. */
export async function holding<T>(
  held: HeldLock,
  signal: AbortSignal | undefined,
  run: (signal: AbortSignal, held: HeldLock) => Promise<T>,
): Promise<T> {
  try {
    return await whileHeld(held, signal, run);
  } finally {
    // The lock of a location that does not answer is stale after a minute.
    await settledSoon(held.release(), signal);
  }
}

interface Shared {
  readonly taken: Promise<HeldLock>;
  users: number;
}

/** Locks that several operations of one process hold together. */
export class SharedLocks {
  readonly #shared = new Map<string, Shared>();
  readonly #releasing = new Map<string, Promise<void>>();

  /** Does what {@linkcode withLock} does. The first operation takes the lock, and the last lets go of it. */
  readonly with: WithLock = async (states, context, options, run) => {
    const path = states.lockPath(context.object, context.state);
    const shared = this.#shared.get(path) ?? {
      taken: this.#take(
        path,
        options.signal,
        () => takeLock(states.files, path, { ...context, location: states.files.location }, options),
      ),
      users: 0,
    };
    this.#shared.set(path, shared);
    shared.users++;
    try {
      return await whileHeld(await shared.taken, options.signal, run);
    } finally {
      if (--shared.users === 0) {
        this.#shared.delete(path);
        await settledSoon(this.#release(path, shared.taken), options.signal);
      }
    }
  };

  /** Takes a lock, once its release by the operations before has ended. */
  async #take(path: string, signal: AbortSignal | undefined, take: () => Promise<HeldLock>): Promise<HeldLock> {
    const releasing = this.#releasing.get(path)?.catch(() => {});
    if (releasing !== undefined) await new SharedSignals().wait(releasing, signal);
    return await take();
  }

  async #release(path: string, taken: Promise<HeldLock>): Promise<void> {
    const held = await taken.catch(() => null);
    if (held === null) return;
    const released = held.release();
    this.#releasing.set(path, released);
    try {
      await released;
    } finally {
      if (this.#releasing.get(path) === released) this.#releasing.delete(path);
    }
  }
}

async function whileHeld<T>(
  held: HeldLock,
  signal: AbortSignal | undefined,
  run: (signal: AbortSignal, held: HeldLock) => Promise<T>,
): Promise<T> {
  const signals = new SharedSignals();
  const ends = new AbortController();
  const end = (one: AbortSignal | undefined): (() => void) | undefined =>
    one && signals.add(one, () => ends.abort(one.reason));
  const releases = [end(held.lost), end(signal)];
  try {
    return await run(ends.signal, held);
  } finally {
    for (const release of releases) release?.();
  }
}
