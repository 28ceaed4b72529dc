// Commits a state that depends on another one, which must neither go nor change before the commit.

import { StateError, type StateErrorContext } from "./errors.ts";
import { untilSoonAfter } from "./files_until.ts";
import type { HeldLock } from "./held_lock.ts";
import type { LockOptions } from "./lock.ts";
import type { WithLock } from "./locked.ts";
import { isSameContent, type StateManifest } from "./manifest.ts";
import type { StateFiles } from "./state_files.ts";

/**
 * Commits a state whose parts have arrived, and whose lock the caller holds. The lock of its parent is held, too: until
 * the commit, no other process knows that the parent is needed. `parent` is the content that the parent must have;
 * `null` accepts any. `held` is the lock of the state, and `lock` is `null` if no lock is taken. `withLock` takes the
 * lock of the parent.
 *
 * Throws a {@linkcode StateError} if the parent is missing or has another content, and the signal's reason.
 */
export async function commitOnParent(
  states: StateFiles,
  manifest: StateManifest,
  parent: StateManifest | null,
  context: StateErrorContext,
  { held, lock, signal, withLock }: {
    readonly held: HeldLock | null;
    readonly lock: LockOptions | null;
    readonly signal: AbortSignal | undefined;
    readonly withLock: WithLock;
  },
): Promise<void> {
  const { object, parent: name } = manifest;
  if (name === null) {
    return await commitSoon(states, manifest, held === null ? [] : [held], signal);
  }
  const commit = async (ends: AbortSignal | undefined, ofParent: HeldLock | null): Promise<void> => {
    const there = await states.until(ends).manifest(object, name);
    if (there === null || (parent !== null && !isSameContent(there, parent))) {
      const fault = there === null ? "does not exist" : "has another content";
      const subject = `the state ${JSON.stringify(name)}, on which it depends,`;
      throw new StateError(`${subject} ${fault} in ${JSON.stringify(states.files.location)}`, {
        ...context,
        location: states.files.location,
      });
    }
    await commitSoon(states, manifest, [held, ofParent].filter((one) => one !== null), ends);
  };
  if (lock === null) return await commit(signal, null);
  await withLock(states, { ...context, object, state: name }, { ...lock, signal }, commit);
}

/**
 * Commits unless the signal is aborted before. A location that answers has the whole state then. On one that does not,
 * the commit ends a second after the signal, and the next process that has the lock finishes it. A commit whose lock is
 * lost stops before the state is visible.
 */
async function commitSoon(
  states: StateFiles,
  manifest: StateManifest,
  locks: readonly HeldLock[],
  signal: AbortSignal | undefined,
): Promise<void> {
  signal?.throwIfAborted();
  await untilSoonAfter(signal, (late) => states.until(late).commit(manifest, { locks }));
}
