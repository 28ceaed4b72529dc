// The process of Bun, whose emit() reports what a listener throws as uncaught: here, emit() throws it.

import type { SignalProcess } from "./interrupts.ts";

/** What Bun's process has besides. */
interface BunProcess extends SignalProcess {
  hasUncaughtExceptionCaptureCallback(): boolean;
  setUncaughtExceptionCaptureCallback(capture: ((thrown: unknown) => void) | null): void;
}

/** The process, with an `emit()` that throws as that of the other runtimes does. */
export function throwingProcess(bun: SignalProcess): SignalProcess {
  const process = bun as BunProcess;
  return {
    pid: process.pid,
    on: (name, listener) => process.on(name, listener),
    off: (name, listener) => process.off(name, listener),
    kill: (pid, name) => process.kill(pid, name),
    listenerCount: (name) => process.listenerCount(name),
    emit(name, ...args) {
      // The program may have a callback of its own, which then gets the error.
      if (process.hasUncaughtExceptionCaptureCallback()) return process.emit(name, ...args);
      const thrown: unknown[] = [];
      process.setUncaughtExceptionCaptureCallback((error) => void thrown.push(error));
      let had = false;
      try {
        had = process.emit(name, ...args);
      } finally {
        process.setUncaughtExceptionCaptureCallback(null);
      }
      if (thrown.length > 0) throw thrown[0];
      return had;
    },
  };
}
