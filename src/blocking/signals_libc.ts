// Notices signals through libc, on Deno and Bun: a handler in C notes a signal by the action of the next one.

import type { Library, Signature } from "../transport/library.ts";
import { SIGNAL_NAMES, type SignalName, SIGNALS, type SignalSource } from "./interrupts.ts";

const signatures = {
  sigaction: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  raise: { parameters: ["i32"], result: "i32" },
  dlsym: { parameters: ["usize", "buffer"], result: "usize" },
} as const satisfies Record<string, Signature>;

/** Room for `struct sigaction`, which begins with the handler. */
const ACTION = 256;
const DEFAULT = 0n;
const IGNORE = 1n;

/** Opens libc with the given functions; `null` if it lacks one, or may not be called. */
type Open = (signatures: Readonly<Record<string, Signature>>) => Library | null;

interface Functions {
  sigaction(number: number, action: Uint8Array | null, old: Uint8Array | null): unknown;
  raise(number: number): unknown;
  dlsym(library: bigint, name: Uint8Array): unknown;
}

/**
 * The source of a process whose libc can be called; `null` if it cannot.
 *
 * @param isHandled Tells whether the runtime's action of a signal calls a handler of the program. If it calls none, the
 *   default action replaces it.
 */
export function openLibcSignals(open: Open, isHandled: (name: SignalName) => boolean): SignalSource | null {
  const library = open(signatures);
  if (library === null) return null;
  const functions = library.symbols as unknown as Functions;
  const note = BigInt(functions.dlsym(0n, new TextEncoder().encode("sigignore\0")) as number | bigint);
  if (note !== 0n) return new LibcSignals(functions, note, isHandled);
  library.close();
  return null;
}

/**
 * While a signal is noted, its handler is libc's own `sigignore()`. It gets the number of the signal, and sets the
 * action of that signal to SIG_IGN, which shows that the signal came. No code of JavaScript runs within the handler.
 */
class LibcSignals implements SignalSource {
  readonly #libc: Functions;
  readonly #handler: bigint;
  readonly #isHandled: (name: SignalName) => boolean;
  readonly #default: Uint8Array = new Uint8Array(ACTION);
  readonly #action: Uint8Array = new Uint8Array(ACTION);
  /** The runtime's actions of the signals that are noted. */
  readonly #actions = new Map<SignalName, Uint8Array>();
  /**
   * The actions that were given back although no signal had come. The handler may run in another thread by then: its
   * SIG_IGN takes the place of such an action later.
   */
  readonly #given = new Map<SignalName, Uint8Array>();
  readonly #current: Uint8Array = new Uint8Array(ACTION);

  constructor(libc: Functions, handler: bigint, isHandled: (name: SignalName) => boolean) {
    this.#libc = libc;
    this.#isHandled = isHandled;
    this.#handler = handler;
    // Without flags: the system call during which the signal comes ends with EINTR.
    new DataView(this.#action.buffer).setBigUint64(0, handler, true);
  }

  arm(): boolean {
    for (const name of SIGNAL_NAMES) {
      const handler = this.#exchange(name, null);
      const given = this.#given.get(name);
      if (given !== undefined && handler === IGNORE) this.#actions.set(name, given);
      this.#given.delete(name);
      const isNoted = this.#actions.has(name) && (handler === this.#handler || handler === IGNORE);
      // The program has just removed its handler: a signal that came ends the process.
      if (isNoted && !this.#isHandled(name) && handler === this.#handler) this.#restore(name);
      if (isNoted) continue;
      // The runtime has just set another handler, or removed it.
      this.#actions.delete(name);
      if (handler === DEFAULT || handler === IGNORE) continue;
      this.#actions.set(name, this.#current.slice());
      this.#exchange(name, this.#action);
    }
    return this.#actions.size > 0;
  }

  take(): readonly SignalName[] {
    const came = [...this.#actions.keys()].filter((name) => this.#exchange(name, null) === IGNORE);
    for (const name of came) this.#exchange(name, this.#action);
    return came;
  }

  report(name: SignalName): void {
    this.#restore(name);
    this.#libc.raise(SIGNALS[name]);
  }

  release(): readonly SignalName[] {
    const came: SignalName[] = [];
    for (const name of [...this.#actions.keys()]) {
      const handler = this.#restore(name);
      if (handler === IGNORE) came.push(name);
      else if (handler !== this.#handler) this.#exchange(name, this.#current.slice());
    }
    return came;
  }

  settle(): readonly SignalName[] {
    const came = [...this.#given].filter(([name]) => this.#exchange(name, null) === IGNORE);
    for (const [name, action] of came) this.#exchange(name, action);
    this.#given.clear();
    return came.map(([name]) => name);
  }

  /** Sets the action that a signal had before it was noted. Returns the handler before this call. */
  #restore(name: SignalName): bigint {
    const action = this.#isHandled(name) ? this.#actions.get(name) ?? null : this.#default;
    this.#actions.delete(name);
    const handler = this.#exchange(name, action);
    if (handler === this.#handler && action !== null) this.#given.set(name, action);
    return handler;
  }

  /** Sets the action of a signal, if one is given. Returns the previous handler, and keeps the previous action. */
  #exchange(name: SignalName, action: Uint8Array | null): bigint {
    this.#libc.sigaction(SIGNALS[name], action, this.#current);
    return new DataView(this.#current.buffer).getBigUint64(0, true);
  }
}
