// Runs the handlers of signals between and during calls that block, as Python does: the event loop could not.

import { ConnectionError } from "../transport/errors.ts";
import { afterTurn, builtin } from "../transport/builtin.ts";

/** The signals whose handlers run during calls that block, with their numbers on Linux. */
export const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/** The name of such a signal. */
export type SignalName = keyof typeof SIGNALS;

/** The names of these signals. */
export const SIGNAL_NAMES: readonly SignalName[] = ["SIGHUP", "SIGINT", "SIGTERM"];

/** The part of the process that is used here. */
export interface SignalProcess {
  readonly pid: number;
  on(name: string, listener: () => void): unknown;
  off(name: string, listener: () => void): unknown;
  kill(pid: number, name: string): unknown;
  emit(name: string, ...args: readonly unknown[]): boolean;
  listenerCount(name: string): number;
}

/** A way to notice signals while the event loop does not run. */
export interface SignalSource {
  /** Begins to note the signals that the program handles. Returns whether there are any. */
  arm(): boolean;
  /** Takes the signals that came since the last call. The runtime does not report them any more. */
  take(): readonly SignalName[];
  /** Lets the runtime report a signal that was taken. */
  report(name: SignalName): void;
  /** Ends the noting until the next {@linkcode arm}, and takes the signals that came. */
  release(): readonly SignalName[];
  /** Takes the signals that another thread was still noting at the last {@linkcode release}. */
  settle?(): readonly SignalName[];
}

/** The shortest time between two checks of a program that calls without waiting, in milliseconds. */
const CHECK_MS = 1;
/** The time that a runtime has to end the process, in milliseconds. */
const END_WITHIN_MS = 500;
/** Far more than a thread needs to note a signal, in milliseconds. */
const SETTLE_MS = 250;

/** Calls back after {@linkcode SETTLE_MS}, unless the process ends before. */
function later(run: () => void): void {
  builtin("node:timers").setTimeout(run, SETTLE_MS).unref();
}

/** The signals of a process, for all calls that block its main thread. */
export class Interrupts {
  readonly #source: SignalSource;
  readonly #process: SignalProcess;
  readonly #came = new Set<SignalName>();
  #isArmed = false;
  #isTurning = false;
  #isSettling = false;
  #releases = 0;
  #last = -Infinity;
  readonly #later: (run: () => void) => void;

  /** `after` calls back when signals have settled. */
  constructor(source: SignalSource, process: SignalProcess, after: (run: () => void) => void = later) {
    this.#source = source;
    this.#process = process;
    this.#later = after;
  }

  /** Whether the program handles signals, so that a wait must end now and then. */
  get isArmed(): boolean {
    return this.#isArmed;
  }

  /**
   * Runs the handlers of the signals that came, and throws what a handler throws. Throws EINTR if a signal has handlers
   * that only the event loop can run. A call that does not wait checks at most once in a while. Returns whether a
   * handler ran.
   */
  run(isWaiting: boolean): boolean {
    const now = performance.now();
    if (!isWaiting && now - this.#last < CHECK_MS) return false;
    this.#last = now;
    this.#isArmed = this.#source.arm();
    if (!this.#isArmed) return false;
    if (!this.#isTurning) {
      this.#isTurning = true;
      // The event loop turns at least once after the calls, so that no signal is lost if the program then ends.
      afterTurn(this.#turned);
    }
    for (const name of this.#source.take()) this.#came.add(name);
    if (this.#came.size === 0) return false;
    if (!this.#handle()) {
      // If no handler exists, another thread of Deno is about to end the process.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, END_WITHIN_MS);
      throw new ConnectionError("the call was interrupted: only the event loop can handle the signal", {}, "EINTR");
    }
    return true;
  }

  /** Calls the handlers. Returns whether all signals had handlers that can be called. */
  #handle(): boolean {
    let hadHandlers = true;
    // If a handler throws, the next check handles the others.
    for (const name of this.#came) {
      this.#came.delete(name);
      if (this.#process.listenerCount(name) > 0) this.#process.emit(name, name, SIGNALS[name]);
      else {
        hadHandlers = false;
        this.#source.report(name);
      }
    }
    return hadHandlers;
  }

  readonly #turned = (): void => {
    this.#isTurning = this.#isArmed = false;
    this.#last = -Infinity;
    for (const name of this.#source.release()) this.#came.add(name);
    this.#releases++;
    if (this.#source.settle !== undefined) this.#settleLater();
    this.#handle();
  };

  /** Looks for late signals once the last release is long enough ago. */
  #settleLater(): void {
    if (this.#isSettling) return;
    this.#isSettling = true;
    const releases = this.#releases;
    this.#later(() => {
      this.#isSettling = false;
      if (this.#releases !== releases) return this.#settleLater();
      for (const name of this.#source.settle?.() ?? []) this.#came.add(name);
      this.#handle();
    });
  }
}
