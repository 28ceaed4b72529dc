// Signals that another thread is still noting when the action of the runtime is given back.

import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { SIGNALS } from "../../src/blocking/interrupts.ts";
import { openLibcSignals } from "../../src/blocking/signals_libc.ts";

const DEFAULT = 0n;
const IGNORE = 1n;
const NOTE = 77n;
const RUNTIME = 99n;
const { SIGTERM } = SIGNALS;

/** A libc whose actions are numbers; the runtime has an action for SIGTERM alone. */
function libc({ isHandled = true } = {}) {
  const handlers = new Map<number, bigint>([[SIGTERM, RUNTIME]]);
  const raised: number[] = [];
  const symbols = {
    sigaction(...values: readonly unknown[]): void {
      const [number, action, old] = values as [number, Uint8Array | null, Uint8Array];
      const before = handlers.get(number) ?? DEFAULT;
      if (action !== null) handlers.set(number, new DataView(action.buffer).getBigUint64(0, true));
      new DataView(old.buffer).setBigUint64(0, before, true);
    },
    raise: (...values: readonly unknown[]) => void raised.push(Number(values[0])),
    dlsym: () => NOTE,
  };
  const source = openLibcSignals(() => ({ symbols, close() {} }), () => isHandled);
  assert(source !== null);
  return { source, handlers, raised };
}

describe("a signal that another thread notes after the release", () => {
  test("is taken once it has settled, and the action of the runtime is given back again", () => {
    const { source, handlers } = libc();
    assertEquals([source.arm(), handlers.get(SIGTERM)], [true, NOTE]);
    assertEquals([source.release(), handlers.get(SIGTERM)], [[], RUNTIME]);
    handlers.set(SIGTERM, IGNORE);
    assertEquals([source.settle?.(), handlers.get(SIGTERM)], [["SIGTERM"], RUNTIME]);
    assertEquals(source.settle?.(), []);
  });

  test("is taken by the next call that blocks", () => {
    const { source, handlers } = libc();
    source.arm();
    source.release();
    handlers.set(SIGTERM, IGNORE);
    assertEquals([source.arm(), source.take(), handlers.get(SIGTERM)], [true, ["SIGTERM"], NOTE]);
    assertEquals([source.release(), handlers.get(SIGTERM)], [[], RUNTIME]);
  });

  test("ends a process that has no handler any more", () => {
    const { source, handlers, raised } = libc({ isHandled: false });
    source.arm();
    source.release();
    handlers.set(SIGTERM, IGNORE);
    assertEquals([source.settle?.(), handlers.get(SIGTERM)], [["SIGTERM"], DEFAULT]);
    source.report("SIGTERM");
    assertEquals([handlers.get(SIGTERM), raised], [DEFAULT, [SIGTERM]]);
  });

  test("does not exist if the program ignores the signal", () => {
    const { source, handlers } = libc();
    handlers.set(SIGTERM, IGNORE);
    assertEquals([source.arm(), source.take(), source.settle?.(), handlers.get(SIGTERM)], [false, [], [], IGNORE]);
  });
});
