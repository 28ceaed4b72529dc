// How the parts of an object are put into a state, while no other process reads or replaces them.

import { join } from "node:path";
import type { StateRequest } from "./backend.ts";
import { StateError, type StateErrorContext } from "./errors.ts";
import type { HeldLock } from "./held_lock.ts";
import { type LockOptions, takeLock } from "./lock.ts";
import { holding } from "./locked.ts";
import type { StateManifest } from "./manifest.ts";
import { checkedObject } from "./names.ts";
import type { PreparedPart, StatePart } from "./part.ts";
import type { StateFiles } from "./state_files.ts";

/** The name of the lock of an object. The lock of a state begins with the name of the state. */
const OBJECT_LOCK = ".lock";

/**
 * Runs an operation while no other process of this host reads or replaces the parts of the object. Operations on other
 * states take other locks, so the object has one of its own. A process that has it waits for no other lock.
 *
 * One subtree needs no lock, because it is read and replaced in one transaction. Readers that skip locks take the lock
 * only if they replace a disk.
 */
export async function withParts<T>(
  states: StateFiles,
  parts: readonly StatePart[],
  context: StateErrorContext,
  { skipLocks, lock, signal }: Pick<StateRequest, "skipLocks" | "signal"> & { readonly lock: LockOptions },
  run: (signal: AbortSignal | undefined, held: HeldLock | null) => Promise<T>,
): Promise<T> {
  const hasDisks = parts.some(({ image }) => image !== undefined);
  if (!hasDisks && (skipLocks || parts.length < 2)) return await run(signal, null);
  const path = join(checkedObject(context.object), OBJECT_LOCK);
  const held = await takeLock(states.files, path, { ...context, state: "" }, { ...lock, signal });
  return await holding(held, signal, run);
}

/** Checks that a state has all parts before the first of them is replaced. */
export function checkParts(
  parts: readonly StatePart[],
  manifest: StateManifest | undefined,
  context: StateErrorContext,
): void {
  const kept = new Set(manifest?.files.map(({ path }) => path));
  const missing = parts.map((part) => part.fileOf(context.state)).filter((path) => !kept.has(path));
  if (missing.length === 0) return;
  const names = missing.map((path) => JSON.stringify(path)).join(", ");
  throw new StateError(`it was kept without a part of the object: it has no ${names}`, context);
}

/**
 * Restores all parts. Each is prepared before the first is changed, and those that may fail are changed first. No part
 * is changed after one of the locks is lost.
 */
export async function restoreParts(
  parts: readonly StatePart[],
  request: StateRequest,
  states: StateFiles,
  locks: readonly HeldLock[],
): Promise<void> {
  const prepared: PreparedPart[] = [];
  let committed = 0;
  const check = (): void => locks.forEach((lock) => lock.check());
  try {
    for (const part of parts) if (part.prepare) prepared.push(await part.prepare(request, states));
    for (const lock of locks) await lock.confirm(states.files);
    for (const part of parts) {
      check();
      if (!part.prepare) await part.restore(request, states);
    }
    request.signal?.throwIfAborted();
    for (const one of prepared) {
      check();
      await one.commit();
      committed++;
    }
  } finally {
    for (const one of prepared.slice(committed)) await one.discard();
  }
}
