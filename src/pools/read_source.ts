// Reads a state at the source of a transfer, beside processes that replace the state there.

import { codeOf, isDenied } from "../wire/system_errors.ts";
import { IntegrityError } from "./copy.ts";
import { StateError, type StateErrorContext } from "./errors.ts";
import type { HeldLock } from "./held_lock.ts";
import { LOCK_TIMEOUT_MS, LockedStateError, type LockOptions, takeLock, untilUnlocked } from "./lock.ts";
import { holding } from "./locked.ts";
import { isSameContent, type StateManifest } from "./manifest.ts";
import type { StateFiles } from "./state_files.ts";

/*
 * A reader waits until no process holds the lock of the state, and takes none: so readers do not wait for each other,
 * and no process that changes the state waits for a slow reader. What it reads is verified. If the state was replaced
 * during that, the reader takes the lock, and reads what is there now. Nothing replaces the state a second time then.
 *
 * A reader never waits for a lock while it holds that of the source: two processes that transfer a state in opposite
 * directions would wait for each other.
 */

/** How often a state or a chain is read that changes each time. */
const ATTEMPTS = 10;
/** Why a location has no locks: it is read-only or full. SFTP has no code for that. */
const withoutLocks: ReadonlySet<string | undefined> = new Set(["EACCES", "EDQUOT", "EIO", "ENOSPC", "EPERM", "EROFS"]);

/** A state, and the one that it depends on. */
export interface Link {
  readonly manifest: StateManifest;
  readonly parent: StateManifest | null;
}

/** A state depends on another one, or on another content, than it did when its chain was read. */
export class ChainChangedError extends StateError {
  /** `"ChainChangedError"`. */
  override name = "ChainChangedError";
}

/** Transfers a chain, and starts anew if the chain was changed by another process. */
export async function anewIfChanged<T>(transfer: () => Promise<T>): Promise<T> {
  for (let attempt = 1;; attempt++) {
    try {
      return await transfer();
    } catch (error) {
      if (!(error instanceof ChainChangedError) || attempt === ATTEMPTS) throw error;
    }
  }
}

/** How a state is read. */
export interface ReadOptions {
  /** How locks are taken. `null` takes none, and waits for none. */
  readonly lock: LockOptions | null;
  readonly signal: AbortSignal | undefined;
  /** Whether no lock of the source is awaited or taken. */
  readonly skipLocks: boolean;
}

/**
 * Brings the state that `bring` reads from the source to the target. `bring` is called again if the state was replaced
 * while it was read. Resolves with the manifest of what was brought.
 *
 * Throws what `bring` throws, a {@linkcode LockedStateError} if another process holds a lock until the timeout, a
 * {@linkcode StateError} if the state does not exist any more, and a {@linkcode ChainChangedError}.
 */
export async function readSource(
  source: StateFiles,
  target: StateFiles,
  link: Link,
  of: StateErrorContext,
  { lock, signal, skipLocks }: ReadOptions,
  bring: (link: Link, lock: LockOptions | null, signal: AbortSignal | undefined) => Promise<void>,
): Promise<StateManifest> {
  if (lock === null || skipLocks) {
    await bring(link, lock, signal);
    return link.manifest;
  }
  const context = { ...of, location: source.files.location };
  const path = source.lockPath(link.manifest.object, link.manifest.state);
  const states = source.until(signal);
  const hasWaited = await untilUnlocked(source.files, path, context, { ...lock, signal });
  let current = hasWaited ? await presentLink(states, link, context) : link;
  for (let attempt = 1;; attempt++) {
    try {
      await bring(current, lock, signal);
      return current.manifest;
    } catch (torn) {
      if (!isOf(source, torn)) throw torn;
      const held = await takeReadLock(source, path, context, { ...lock, signal });
      if (held !== null) return await bringLocked(source, target, current, context, { lock, signal, held }, bring);
      const present = await presentLink(states, current, context);
      if (attempt === ATTEMPTS || isSameContent(present.manifest, current.manifest)) throw torn;
      current = present;
    }
  }
}

/** Brings a state under the lock of the source. No lock is held while one of the target is not free. */
async function bringLocked(
  source: StateFiles,
  target: StateFiles,
  link: Link,
  context: StateErrorContext,
  { lock, signal, held }: { readonly lock: LockOptions; readonly signal: AbortSignal | undefined; held: HeldLock },
  bring: Parameters<typeof readSource>[5],
): Promise<StateManifest> {
  const { object, state } = link.manifest;
  const { timeout = LOCK_TIMEOUT_MS } = lock;
  const end = performance.now() + timeout;
  const remaining = (): LockOptions => ({ ...lock, signal, timeout: Math.max(0, end - performance.now()) });
  for (let taken = held;;) {
    let busy: LockedStateError | null = null;
    const { manifest } = await holding(taken, signal, async (ends) => {
      await source.until(ends).finish(object, state);
      const present = await presentLink(source.until(ends), link, context);
      await bring(present, { ...lock, timeout: 0 }, ends).catch((error: unknown) => {
        if (!(error instanceof LockedStateError)) throw error;
        busy = error;
      });
      return present;
    });
    const waiting = busy as LockedStateError | null;
    if (waiting === null) return manifest;
    if (performance.now() >= end) throw waiting;
    const atTarget = { ...context, location: target.files.location };
    await untilUnlocked(target.files, target.lockPath(object, waiting.state), atTarget, remaining());
    taken = await takeLock(source.files, source.lockPath(object, state), context, remaining());
  }
}

/** Takes the lock of a state that is read. Resolves with `null` if the location has no locks. */
async function takeReadLock(
  { files }: StateFiles,
  path: string,
  context: StateErrorContext,
  options: LockOptions,
): Promise<HeldLock | null> {
  try {
    return await takeLock(files, path, context, options);
  } catch (error) {
    if (withoutLocks.has(codeOf(error)) || isDenied(error)) return null;
    throw error;
  }
}

/** Returns the state as it is now. Throws a {@linkcode ChainChangedError} if it depends on something else. */
async function presentLink(source: StateFiles, link: Link, context: StateErrorContext): Promise<Link> {
  const { object, state, parent: name } = link.manifest;
  const manifest = await source.manifest(object, state);
  const location = JSON.stringify(source.files.location);
  if (manifest === null) throw new StateError(`it does not exist in ${location}`, context);
  if (isSameContent(manifest, link.manifest)) return { manifest, parent: link.parent };
  // Nothing replaces the parent while this state depends on it.
  const parent = manifest.parent === null ? null : await source.manifest(object, manifest.parent);
  const isSame = manifest.parent === name &&
    (name === null || (parent !== null && link.parent !== null && isSameContent(parent, link.parent)));
  if (!isSame) throw new ChainChangedError(`what it depends on in ${location} has changed`, context);
  return { manifest, parent: link.parent };
}

/** Tells whether an error says that a file of the source is not what its manifest says. */
function isOf(source: StateFiles, error: unknown): boolean {
  return error instanceof IntegrityError && error.location === source.files.location;
}
