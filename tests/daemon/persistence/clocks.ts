// A clock for the tests that waits for nothing.

import type { Clock } from "../../../src/daemon/clock.ts";

/** Calls back as soon as the event loop has had its turn. */
export const eagerClock: Clock = {
  now: () => performance.now(),
  after: (_milliseconds, callback) => {
    const timer = setImmediate(callback);
    return { cancel: () => clearImmediate(timer) };
  },
};
