// The lock of a state: a file that one process of one host owns, and keeps fresh while it works.

import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import process from "node:process";
import { SharedSignals } from "../client/abort.ts";
import { pause } from "../client/backoff.ts";
import { checkNumber } from "../wire/checks.ts";
import { StateError, type StateErrorContext } from "./errors.ts";
import type { PoolFiles } from "./files.ts";
import { settledSoon } from "./files_until.ts";
import { type HeldLock, holdLock, presentMoment } from "./held_lock.ts";
import { breakLock, breakMark, removeStaleMark } from "./lock_break.ts";
import { type LockOwner, type LockStatus, lockStatus, ownerAt, ownerText, STALE_MS } from "./lock_status.ts";

/*
 * A lock has two files: one that whoever creates it owns, and one by which the owner shows that it is alive. Only its
 * owner, or whoever breaks it, removes a lock. One process at a time breaks a lock.
 *
 * Hosts need not agree on the time. The age of a lock is the time of its file, compared with that of a file that the
 * waiting process has just written to the same location: both times are those of one clock.
 */

/** How long a lock is awaited, in milliseconds. */
export const LOCK_TIMEOUT_MS = 300_000;
/** How often an owner renews its lock. */
const HEARTBEAT_MS = 10_000;
/** The pause between two attempts. */
const POLL_MS = 250;

/** The lock of a state is held by another process. */
export class LockedStateError extends StateError {
  /** `"LockedStateError"`. */
  override name = "LockedStateError";
  /** The lock as it was seen last. */
  readonly lock: LockStatus;

  /**
   * Makes the error.
   *
   * @param lock The lock.
   * @param fault What was wrong.
   * @param context The operation, the object and the state.
   */
  constructor(lock: LockStatus, fault: string, context: StateErrorContext) {
    super(fault, context);
    this.lock = lock;
  }
}

/** How a lock is taken. */
export interface LockOptions {
  /**
   * How long a lock is awaited, in milliseconds from 0. With 0, it is tried once.
   *
   * @default 300000
   */
  readonly timeout?: number | undefined;
  /**
   * Ends the wait, with the signal's reason.
   *
   * @default undefined
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * Is told who holds the lock while it is awaited, and for how many milliseconds it was.
   *
   * @default () => {}
   */
  readonly onWait?: ((lock: LockStatus, waited: number) => void) | undefined;
  /**
   * The times of the lock, in milliseconds. All hosts of a pool must use the same.
   *
   * @default { heartbeat: 10000, stale: 60000, poll: 250 }
   */
  readonly times?: LockTimes | undefined;
}

/** The times of locks, in milliseconds. */
export interface LockTimes {
  /** How often an owner renews its lock. */
  readonly heartbeat: number;
  /** The age from which a lock has no owner any more. */
  readonly stale: number;
  /** The pause between two attempts to take a lock. */
  readonly poll: number;
}

const usualTimes: LockTimes = { heartbeat: HEARTBEAT_MS, stale: STALE_MS, poll: POLL_MS };

/**
 * Takes a lock. `path` is the path of its file. `context` says for what.
 *
 * Throws a {@linkcode LockedStateError} if another process holds the lock until the timeout, and the signal's reason.
 */
export async function takeLock(
  files: PoolFiles,
  path: string,
  context: StateErrorContext,
  options: LockOptions = {},
): Promise<HeldLock> {
  const { signal, times = usualTimes } = options;
  const owner: LockOwner = {
    host: hostname(),
    process: process.pid,
    since: new Date().toISOString(),
    id: randomBytes(16).toString("hex"),
  };
  const content = new TextEncoder().encode(`${JSON.stringify(owner)}\n`);
  const signals = new SharedSignals();
  const wait = new LockWait(context, options, signals);
  for (;;) {
    signal?.throwIfAborted();
    const since = presentMoment();
    if (await created(files, path, content, signals, signal)) {
      if (!await isKept(files, path, owner, wait, signals, signal)) continue;
      return await holdLock({ files, path, owner, since, times, context });
    }
    // What is begun at the location is done there to its end, so that no temporary file is left.
    const lock = await signals.wait(lockStatus(files, path, times.stale), signal);
    if (lock === null) continue;
    if (!lock.isStale || !await signals.wait(breakLock(files, path, lock), signal)) await wait.pause(lock);
  }
}

/**
 * Waits until no process holds a lock, and takes none. A stale lock counts as free. Resolves with whether another
 * process held it.
 *
 * Throws a {@linkcode LockedStateError} if another process holds the lock until the timeout, and the signal's reason.
 */
export async function untilUnlocked(
  files: PoolFiles,
  path: string,
  context: StateErrorContext,
  options: LockOptions = {},
): Promise<boolean> {
  const { signal, times = usualTimes } = options;
  const signals = new SharedSignals();
  const wait = new LockWait(context, options, signals);
  for (let hasWaited = false;; hasWaited = true) {
    signal?.throwIfAborted();
    const lock = await signals.wait(lockStatus(files, path, times.stale), signal);
    if (lock === null || lock.isStale) return hasWaited;
    await wait.pause(lock);
  }
}

/** Checks how a lock is to be taken. Throws a `RangeError` if a time is invalid. */
export function checkLockOptions({ timeout = LOCK_TIMEOUT_MS, times = usualTimes }: LockOptions): void {
  checkNumber("lock.timeout", timeout);
  checkNumber("lock.times.heartbeat", times.heartbeat);
  checkNumber("lock.times.stale", times.stale);
  checkNumber("lock.times.poll", times.poll);
}

/** A wait for a lock, which ends after the timeout. */
class LockWait {
  readonly #start = performance.now();
  readonly #context: StateErrorContext;
  readonly #options: LockOptions;
  readonly #signals: SharedSignals;

  constructor(context: StateErrorContext, options: LockOptions, signals: SharedSignals) {
    checkLockOptions(options);
    this.#context = context;
    this.#options = options;
    this.#signals = signals;
  }

  /** Pauses before the next attempt. Throws a {@linkcode LockedStateError} after the timeout. */
  async pause(lock: LockStatus): Promise<void> {
    const { timeout = LOCK_TIMEOUT_MS, signal, onWait, times = usualTimes } = this.#options;
    const waited = performance.now() - this.#start;
    if (waited >= timeout) {
      const fault = `${ownerText(lock)} has the lock, for which ${timeout / 1000} s were waited`;
      throw new LockedStateError(lock, fault, this.#context);
    }
    onWait?.(lock, waited);
    await pause(times.poll, this.#signals, signal);
  }
}

/**
 * Tells whether a lock that was just created stays. A process that breaks the lock before renames whatever has its name
 * by now, and gives the name back, unless another lock has it then. So a lock that is created in this time counts only
 * after it.
 */
async function isKept(
  files: PoolFiles,
  path: string,
  owner: LockOwner,
  wait: LockWait,
  signals: SharedSignals,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const isOwn = async (): Promise<boolean> => (await ownerAt(files, path))?.id === owner.id;
  try {
    for (let isDisputed = false;; isDisputed = true) {
      signal?.throwIfAborted();
      const mark = await signals.wait(lockStatus(files, breakMark(path)), signal);
      if (mark === null) return !isDisputed || await signals.wait(isOwn(), signal);
      if (mark.isStale) await signals.wait(removeStaleMark(files, path), signal);
      else await wait.pause(mark);
    }
  } catch (error) {
    const removed = isOwn().then((isThere) => isThere && files.remove(path)).catch(() => {});
    await settledSoon(removed, signal);
    throw error;
  }
}

/** Creates the file of a lock. If the signal ends the wait, a file that is created later is removed. */
async function created(
  files: PoolFiles,
  path: string,
  content: Uint8Array,
  signals: SharedSignals,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const creating = files.createExclusive(path, content);
  try {
    return await signals.wait(creating, signal);
  } catch (error) {
    void creating.then((isCreated) => isCreated && files.remove(path)).catch(() => {});
    throw error;
  }
}
