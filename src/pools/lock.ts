// The lock of a state: a file that one process of one host owns, and keeps fresh while it works.

import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { clearInterval, setInterval } from "node:timers";
import { SharedSignals } from "../client/abort.ts";
import { pause } from "../client/backoff.ts";
import { codeOf } from "../wire/system_errors.ts";
import { StateError, type StateErrorContext } from "./errors.ts";
import type { PoolFiles } from "./files.ts";
import { RemoteError } from "./sftp/errors.ts";

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
/** A lock that was not renewed for so long has no owner any more. */
export const STALE_MS: number = 6 * HEARTBEAT_MS;
/** The bytes of a lock that are read. */
const OWNER_MAX = 4096;
/** The pause between two attempts. */
const POLL_MS = 250;

/** The owner of a lock. */
export interface LockOwner {
  /** The name of the host. */
  readonly host: string;
  /** The number of the process on that host. */
  readonly process: number;
  /** When the lock was taken, by the clock of that host, in ISO 8601. */
  readonly since: string;
  /** A random name, which no two locks share. */
  readonly id: string;
}

/** A lock that exists. */
export interface LockStatus {
  /** The owner; `null` if the lock's file does not tell. */
  readonly owner: LockOwner | null;
  /** The milliseconds since the owner renewed the lock, by the clock of the location. */
  readonly age: number;
  /** Whether the lock was not renewed for a minute, so that a waiting process takes it. */
  readonly isStale: boolean;
}

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
   * How long a lock is awaited, in milliseconds. With 0, it is tried once.
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

/** A lock that this process holds. */
export interface HeldLock {
  /** Is aborted when the lock is lost, because another process has broken it. */
  readonly lost: AbortSignal;
  /** Lets go of the lock. May be called again. */
  release(): Promise<void>;
}

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
  const { timeout = LOCK_TIMEOUT_MS, signal, onWait, times = usualTimes } = options;
  const owner: LockOwner = {
    host: hostname(),
    process: process.pid,
    since: new Date().toISOString(),
    id: randomBytes(16).toString("hex"),
  };
  const content = new TextEncoder().encode(`${JSON.stringify(owner)}\n`);
  const signals = new SharedSignals();
  const start = performance.now();
  for (;;) {
    signal?.throwIfAborted();
    if (await created(files, path, content, signals, signal)) return held(files, path, owner, times.heartbeat);
    // What is begun at the location is done there to its end, so that no temporary file is left.
    const lock = await signals.wait(lockStatus(files, path, times.stale), signal);
    if (lock === null) continue;
    if (!lock.isStale || !await signals.wait(breakLock(files, path, lock), signal)) {
      const waited = performance.now() - start;
      if (waited >= timeout) {
        throw new LockedStateError(
          lock,
          `${ownerText(lock)} has the lock, for which ${timeout / 1000} s were waited`,
          context,
        );
      }
      onWait?.(lock, waited);
      await pause(times.poll, signals, signal);
    }
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

/** Returns the lock at a path, or `null` if it is free. */
export async function lockStatus(files: PoolFiles, path: string, stale: number = STALE_MS): Promise<LockStatus | null> {
  const status = await files.status(path);
  if (status === null) return null;
  const owner = await ownerAt(files, path);
  const sign = owner === null ? null : await files.status(signPath(path, owner));
  const seen = Math.max(status.modified, sign?.modified ?? 0);
  const age = Math.max(0, await timeOf(files, dirname(path)) - seen);
  return { owner, age, isStale: age >= stale };
}

/** Describes the owner of a lock. */
export function ownerText({ owner, age }: LockStatus): string {
  const seconds = Math.round(age / 1000);
  if (owner === null) return `an unknown process, last seen ${seconds} s ago,`;
  return `process ${owner.process} of ${JSON.stringify(owner.host)}, since ${owner.since}, last seen ${seconds} s ago,`;
}

/**
 * Removes a lock that was seen. Resolves with false if another process has taken or released the lock since then, or
 * breaks it now.
 */
export async function breakLock(files: PoolFiles, path: string, seen: LockStatus): Promise<boolean> {
  const breaking = `${path}.break`;
  if (!await files.createExclusive(breaking, new Uint8Array())) {
    // Its process may have been killed.
    if ((await lockStatus(files, breaking))?.isStale) await files.remove(breaking);
    return false;
  }
  try {
    if ((await ownerAt(files, path))?.id !== seen.owner?.id || !await files.remove(path)) return false;
    if (seen.owner !== null) await files.remove(signPath(path, seen.owner));
    return true;
  } finally {
    await files.remove(breaking);
  }
}

/** Returns the path of the file by which an owner shows that it is alive. No other process writes to that file. */
function signPath(path: string, { id }: LockOwner): string {
  return `${path}.${id}`;
}

function held(files: PoolFiles, path: string, owner: LockOwner, heartbeat: number): HeldLock {
  const lost = new AbortController();
  let renewing = Promise.resolve();
  let hasSign = false;
  const isOwn = async (): Promise<boolean> => (await ownerAt(files, path))?.id === owner.id;
  const renew = async (): Promise<void> => {
    try {
      hasSign = true;
      const sign = await files.openPart(signPath(path, owner));
      try {
        await sign.write(new Uint8Array(1), 0);
      } finally {
        await sign.close();
      }
      if (!await isOwn()) throw new Error("another process has broken the lock");
    } catch (error) {
      lost.abort(error);
    }
  };
  const timer = setInterval(() => {
    if (!lost.signal.aborted) renewing = renewing.then(renew);
  }, heartbeat);
  timer.unref();
  let isHeld = true;
  return {
    lost: lost.signal,
    release: async () => {
      if (!isHeld) return;
      isHeld = false;
      clearInterval(timer);
      await renewing;
      if (hasSign) await files.remove(signPath(path, owner));
      if (await isOwn()) await files.remove(path);
    },
  };
}

async function ownerAt(files: PoolFiles, path: string): Promise<LockOwner | null> {
  let text = "";
  try {
    for await (const bytes of files.read(path)) {
      text += new TextDecoder("latin1").decode(bytes.subarray(0, OWNER_MAX));
      // A pool may be written by others.
      if (text.length >= OWNER_MAX) return null;
    }
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  }
  return parseOwner(text);
}

function parseOwner(text: string): LockOwner | null {
  try {
    const { host, process: number, since, id } = JSON.parse(text) as Partial<Record<keyof LockOwner, unknown>>;
    if (typeof host !== "string" || typeof number !== "number" || !isTime(since) || !isId(id)) {
      return null;
    }
    return { host, process: number, since, id };
  } catch {
    return null;
  }
}

/** Returns the time by the clock of the location, or by that of this host if the location is read-only. */
async function timeOf(files: PoolFiles, directory: string): Promise<number> {
  const probe = join(directory, `.time.${randomBytes(8).toString("hex")}`);
  try {
    await files.createExclusive(probe, new Uint8Array());
  } catch (error) {
    if (error instanceof RemoteError || codeOf(error) === undefined) throw error;
    // The location is read-only. The clock of this host is the only other one.
    return Date.now();
  }
  try {
    return (await files.status(probe))?.modified ?? 0;
  } finally {
    await files.remove(probe);
  }
}

/** The text is a part of messages. */
function isTime(since: unknown): since is string {
  return typeof since === "string" && /^[\dTZ:.+-]{1,40}$/.test(since);
}

/** The name is a part of a path. */
function isId(id: unknown): id is string {
  return typeof id === "string" && /^[0-9a-f]{32}$/.test(id);
}
