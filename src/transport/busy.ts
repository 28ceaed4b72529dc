// Connecting to a store that is busy: waits while the backlog of its socket is full.

import { codeOf } from "../wire/system_errors.ts";

/**
 * How long connecting waits for a store that accepts no connection, in milliseconds. The C daemon has a backlog of one
 * connection, and accepts none while it works.
 */
export const BUSY_WAIT_MS = 30_000;
/** The pauses between two attempts in milliseconds. */
const PAUSE_MS = { first: 1, longest: 50 };

/** What a wait needs of time. */
export interface WaitClock {
  /** The time in milliseconds. */
  now(): number;
  /** Waits for milliseconds. Rejects with the signal's reason if the signal is aborted first. */
  sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void>;
}

const systemClock: WaitClock = { now: () => performance.now(), sleep };

/** Whether an error says that the backlog of a socket is full. */
export function isBusy(error: unknown): boolean {
  return codeOf(error) === "EAGAIN";
}

/** Yields the pauses between the attempts to connect, until {@linkcode BUSY_WAIT_MS} have passed. */
export function* busyPauses(now: () => number): Generator<number> {
  const deadline = now() + BUSY_WAIT_MS;
  for (let pause = PAUSE_MS.first; now() < deadline; pause = Math.min(pause * 2, PAUSE_MS.longest)) yield pause;
}

/**
 * Runs an attempt to connect, and again while the backlog of the socket is full, which EAGAIN says. Rejects with the
 * error of the last attempt, or with the signal's reason.
 */
export async function whileBusy<T>(
  attempt: () => Promise<T>,
  signal: AbortSignal | undefined,
  clock: WaitClock = systemClock,
): Promise<T> {
  let busy: unknown;
  for (const pause of busyPauses(clock.now)) {
    try {
      return await attempt();
    } catch (error) {
      if (!isBusy(error)) throw error;
      busy = error;
    }
    await clock.sleep(pause, signal);
  }
  throw busy;
}

function sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", abort, { once: true });
  });
}
