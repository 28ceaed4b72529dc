// Handlers of signals within calls that block: when they run, and what they throw.

import { describe, test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { Interrupts, type SignalName, type SignalProcess, type SignalSource } from "../../src/blocking/interrupts.ts";
import { ConnectionError } from "../../src/transport/errors.ts";

/** A process and a source whose signals the test makes come. */
class Signals implements SignalSource, SignalProcess {
  readonly pid = 1;
  readonly seen: string[] = [];
  readonly listeners = new Map<string, () => void>();
  came: SignalName[] = [];
  late: SignalName[] = [];
  on(): void {}
  off(): void {}
  kill(): void {}
  arm(): boolean {
    this.seen.push("arm");
    return true;
  }
  take(): SignalName[] {
    return this.came.splice(0);
  }
  report(name: SignalName): void {
    this.seen.push(`report ${name}`);
  }
  release(): SignalName[] {
    this.seen.push("release");
    return this.late.splice(0);
  }
  listenerCount(name: string): number {
    return this.listeners.has(name) ? 1 : 0;
  }
  emit(name: string, ...args: readonly unknown[]): boolean {
    this.seen.push([name, ...args].join(" "));
    this.listeners.get(name)?.();
    return true;
  }
}

describe("Interrupts", () => {
  test("calls the handlers with name and number, and tells that one ran", () => {
    const signals = new Signals();
    const interrupts = new Interrupts(signals, signals);
    signals.listeners.set("SIGINT", () => {});
    assertEquals([interrupts.run(true), interrupts.isArmed], [false, true]);
    signals.came.push("SIGINT");
    assertEquals([interrupts.run(true), interrupts.run(true)], [true, false]);
    assertEquals(signals.seen, ["arm", "arm", "SIGINT SIGINT 2", "arm"]);
  });

  test("checks at most once a millisecond for a call that does not wait", () => {
    const signals = new Signals();
    const interrupts = new Interrupts(signals, signals);
    const start = performance.now();
    for (let i = 0; i < 1000; i++) interrupts.run(false);
    assertEquals(signals.seen.length <= 2 + performance.now() - start, true);
  });

  test("calls the other handlers at the next check if one throws", () => {
    const signals = new Signals();
    const interrupts = new Interrupts(signals, signals);
    signals.listeners.set("SIGINT", () => {
      throw new TypeError("thrown");
    });
    signals.listeners.set("SIGTERM", () => {});
    signals.came.push("SIGINT", "SIGTERM");
    assertThrows(() => interrupts.run(true), TypeError, "thrown");
    assertEquals(interrupts.run(true), true);
    assertEquals(signals.seen.filter((line) => line !== "arm"), ["SIGINT SIGINT 2", "SIGTERM SIGTERM 15"]);
  });

  test("throws EINTR for a signal without a handler that can be called, and lets the runtime report it", () => {
    const signals = new Signals();
    const interrupts = new Interrupts(signals, signals);
    signals.came.push("SIGTERM");
    assertEquals(assertThrows(() => interrupts.run(true), ConnectionError).code, "EINTR");
    assertEquals(signals.seen, ["arm", "report SIGTERM"]);
  });

  test("calls the handler of a signal that came after the last call in the next turn of the event loop", async () => {
    const signals = new Signals();
    const interrupts = new Interrupts(signals, signals);
    const handled = new Promise<void>((resolve) => signals.listeners.set("SIGTERM", resolve));
    interrupts.run(false);
    signals.late.push("SIGTERM");
    await handled;
    assertEquals([signals.seen, interrupts.isArmed], [["arm", "release", "SIGTERM SIGTERM 15"], false]);
  });

  test("calls the handler of a signal that had not settled at the end of the turn", async () => {
    const signals = new Signals();
    const settling: (() => void)[] = [];
    const source: SignalSource = Object.assign(signals, { settle: () => signals.late.splice(0) });
    const interrupts = new Interrupts(source, signals, (run) => void settling.push(run));
    signals.listeners.set("SIGTERM", () => {});
    for (let turn = 0; turn < 2; turn++) {
      interrupts.run(true);
      await new Promise((resolve) => setImmediate(resolve));
    }
    signals.late.push("SIGTERM");
    // A release after the first one puts the look off.
    settling.shift()?.();
    assertEquals([signals.seen.includes("SIGTERM SIGTERM 15"), settling.length], [false, 1]);
    settling.shift()?.();
    assertEquals([signals.seen.includes("SIGTERM SIGTERM 15"), settling.length], [true, 0]);
  });
});
