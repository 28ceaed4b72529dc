// A clock for tests that does not wait.

import type { Clock } from "../../../src/daemon/clock.ts";

/** Calls back in the next turn of the event loop. */
export const eagerClock: Clock = {
  now: () => performance.now(),
  after: (_milliseconds, callback) => {
    const timer = setImmediate(callback);
    return { cancel: () => clearImmediate(timer) };
  },
};
