// A lock that this process holds: how it is renewed, when it counts as lost, and how the process lets go of it.

import { clearInterval, setInterval } from "node:timers";
import { StateError, type StateErrorContext } from "./errors.ts";
import type { PoolFiles } from "./files.ts";
import { breakLock } from "./lock_break.ts";
import { type LockOwner, ownerAt, signPath } from "./lock_status.ts";

/*
 * Other processes take a lock once it is stale. Its owner may be suspended, or cut off, and go on after that. So the
 * owner counts the lock as lost if it has not renewed the lock for as long, by the clocks of its host. A renewal counts
 * from its start, and only if it arrives before the lock is stale. So no other process has seen a stale lock before.
 */

/** A moment by both clocks of this host. The first one stands still while the host sleeps. The other one may be set. */
interface Moment {
  readonly steady: number;
  readonly wall: number;
}

/** Returns the present moment. */
export function presentMoment(): Moment {
  return { steady: performance.now(), wall: Date.now() };
}

/** Returns the milliseconds since a moment, by the clock that tells more. */
function passedSince({ steady, wall }: Moment): number {
  return Math.max(performance.now() - steady, Date.now() - wall);
}

/** A lock that this process holds. */
export interface HeldLock {
  /** The path of its file. */
  readonly path: string;
  /** The random name of its owner, which no two locks share. */
  readonly id: string;
  /** Is aborted when the lock is lost: another process has broken it, or may have. */
  readonly lost: AbortSignal;
  /**
   * Tells whether this process still has the lock, by its clocks and its last renewal.
   *
   * @returns Whether it has.
   */
  isHeld(): boolean;
  /**
   * Checks the lock as {@linkcode HeldLock.isHeld} does.
   *
   * @throws {StateError} If the lock is lost. The error is the reason of `lost`.
   */
  check(): void;
  /**
   * Checks the lock, and looks at its file.
   *
   * @param files The files of its location.
   * @throws {StateError} If the lock is lost.
   */
  confirm(files: PoolFiles): Promise<void>;
  /** Lets go of the lock. May be called again. */
  release(): Promise<void>;
}

/** How a lock is held. */
interface Holding {
  /** The files of the location. */
  readonly files: PoolFiles;
  /** The path of the file of the lock. */
  readonly path: string;
  readonly owner: LockOwner;
  /** When the process began to create the file. */
  readonly since: Moment;
  readonly times: { readonly heartbeat: number; readonly stale: number };
  /** For what the lock is held. */
  readonly context: StateErrorContext;
}

/** Holds a lock whose file was created. A lock that should have been renewed since then is renewed before. */
export async function holdLock(how: Holding): Promise<HeldLock> {
  const lock = new RenewedLock(how);
  if (passedSince(how.since) >= how.times.heartbeat) await lock.renew();
  lock.start();
  return lock;
}

class RenewedLock implements HeldLock {
  readonly path: string;
  readonly id: string;
  readonly lost: AbortSignal;
  readonly #how: Holding;
  readonly #lost = new AbortController();
  /** When the last renewal that arrived in time has begun. */
  #renewed: Moment;
  #renewing = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #hasSign = false;
  #isReleased = false;

  constructor(how: Holding) {
    this.path = how.path;
    this.id = how.owner.id;
    this.lost = this.#lost.signal;
    this.#how = how;
    this.#renewed = how.since;
  }

  start(): void {
    this.#timer = setInterval(() => {
      if (!this.lost.aborted) this.#renewing = this.#renewing.then(() => this.renew());
    }, this.#how.times.heartbeat);
    this.#timer.unref();
  }

  /** Shows that the owner is alive, unless the lock is lost. */
  async renew(): Promise<void> {
    const { files, path, owner } = this.#how;
    const begun = presentMoment();
    try {
      this.check();
      this.#hasSign = true;
      const sign = await files.openPart(signPath(path, owner));
      try {
        await sign.write(new Uint8Array(1), 0);
      } finally {
        await sign.close();
      }
      await this.confirm(files);
      this.#renewed = begun;
    } catch (error) {
      this.#lost.abort(error);
    }
  }

  isHeld(): boolean {
    if (this.lost.aborted) return false;
    const age = passedSince(this.#renewed);
    if (age < this.#how.times.stale) return true;
    const fault = `the lock was not renewed for ${Math.round(age / 1000)} s, so another process may have it`;
    this.#lost.abort(new StateError(fault, this.#how.context));
    return false;
  }

  check(): void {
    if (!this.isHeld()) this.lost.throwIfAborted();
  }

  async confirm(files: PoolFiles): Promise<void> {
    this.check();
    if (!await this.#isOwn(files)) {
      this.#lost.abort(new StateError("another process has broken the lock", this.#how.context));
    }
    this.check();
  }

  readonly release = async (): Promise<void> => {
    if (this.#isReleased) return;
    this.#isReleased = true;
    clearInterval(this.#timer);
    await this.#renewing;
    const { files, path, owner } = this.#how;
    if (this.#hasSign) await files.remove(signPath(path, owner));
    if (!await this.#isOwn(files)) return;
    if (this.isHeld()) await files.remove(path);
    // Another process may be breaking the lock, and a third one may take it then.
    else await breakLock(files, path, { owner, age: 0, isStale: true });
  };

  async #isOwn(files: PoolFiles): Promise<boolean> {
    return (await ownerAt(files, this.path))?.id === this.id;
  }
}
