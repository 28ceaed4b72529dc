// The wait for a store whose backlog is full, by a clock of the test.

import { describe, test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { BUSY_WAIT_MS, busyPauses, whileBusy } from "../../src/transport/busy.ts";
import { codedError, codeOf } from "../../src/wire/system_errors.ts";

/** A clock that passes the time of every sleep immediately. */
function jumpingClock() {
  const slept: number[] = [];
  let time = 1000;
  return {
    slept,
    now: () => time,
    sleep: (milliseconds: number, signal: AbortSignal | undefined) => {
      signal?.throwIfAborted();
      slept.push(milliseconds);
      time += milliseconds;
      return Promise.resolve();
    },
  };
}

const busy = (): Promise<never> => Promise.reject(codedError("EAGAIN", "connect: busy"));

describe("whileBusy()", () => {
  test("repeats an attempt that fails with EAGAIN, after pauses from 1 to 50 ms", async () => {
    const clock = jumpingClock();
    let attempts = 0;
    const attempt = () => ++attempts < 10 ? busy() : Promise.resolve(attempts);
    assertEquals(await whileBusy(attempt, undefined, clock), 10);
    assertEquals(clock.slept, [1, 2, 4, 8, 16, 32, 50, 50, 50]);
  });

  test("rejects with EAGAIN after 30 seconds", async () => {
    const clock = jumpingClock();
    const error = await assertRejects(() => whileBusy(busy, undefined, clock), Error);
    assertEquals(codeOf(error), "EAGAIN");
    assertEquals(clock.slept.reduce((sum, pause) => sum + pause) >= 30_000, true);
    assertEquals(clock.slept.slice(0, -1).reduce((sum, pause) => sum + pause) < 30_000, true);
  });

  test("rejects with any other error after the first attempt", async () => {
    const clock = jumpingClock();
    const refused = () => Promise.reject(codedError("ECONNREFUSED", "connect: refused"));
    assertEquals(codeOf(await assertRejects(() => whileBusy(refused, undefined, clock), Error)), "ECONNREFUSED");
    assertEquals(clock.slept, []);
  });

  test("rejects with the reason of its signal if the signal is aborted during a pause", async () => {
    const abort = new AbortController();
    let attempts = 0;
    const waiting = whileBusy(() => {
      if (++attempts === 3) queueMicrotask(() => abort.abort(new RangeError("enough")));
      return busy();
    }, abort.signal);
    await assertRejects(() => waiting, RangeError, "enough");
    assertEquals(attempts, 3);
  });
});

describe("busyPauses()", () => {
  test("ends when 30 seconds have passed, however long the attempts take", () => {
    let time = 0;
    let pauses = 0;
    for (const _pause of busyPauses(() => time)) {
      pauses++;
      time += BUSY_WAIT_MS / 2;
    }
    assertEquals([BUSY_WAIT_MS, pauses], [30_000, 2]);
  });
});
