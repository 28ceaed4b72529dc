// Signals that many waits share: one listener for each signal, and none when no wait is left.

import { describe, test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { SharedSignals } from "../../src/client/abort.ts";

/** A signal that counts its listeners. */
function countedSignal(): { controller: AbortController; signal: AbortSignal; listeners: () => number } {
  const controller = new AbortController();
  const { signal } = controller;
  let listeners = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => (listeners++, add(...args));
  signal.removeEventListener = (...args: Parameters<typeof remove>) => (listeners--, remove(...args));
  return { controller, signal, listeners: () => listeners };
}

describe("shared signals", () => {
  test("have one listener for all waits, and remove it when the last wait is over", async () => {
    const { signal, listeners } = countedSignal();
    const signals = new SharedSignals();
    const ends: (() => void)[] = [];
    const waits = Array.from({ length: 50 }, () => {
      return signals.wait(new Promise<void>((resolve) => ends.push(resolve)), signal);
    });
    assertEquals(listeners(), 1);
    for (const end of ends) end();
    await Promise.all(waits);
    await new Promise(setImmediate);
    assertEquals(listeners(), 0);
  });

  test("reject every wait with the reason, immediately if the signal is aborted already", async () => {
    const { controller, signal } = countedSignal();
    const signals = new SharedSignals();
    const reason = new Error("no longer needed");
    const waits = Array.from({ length: 3 }, () => signals.wait(new Promise(() => {}), signal));
    controller.abort(reason);
    for (const wait of [...waits, signals.wait(new Promise(() => {}), signal)]) {
      assertEquals(await assertRejects(() => wait), reason);
    }
  });
});
