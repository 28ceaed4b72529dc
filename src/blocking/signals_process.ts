// The signals of the process, for calls that block its main thread: the source by the runtime.

import { builtin } from "../transport/builtin.ts";
import { openLibcWith, type OpenLibrary } from "../transport/library.ts";
import { openDenoLibrary } from "../transport/library_deno.ts";
import { processWide } from "../transport/process_wide.ts";
import { Interrupts, SIGNAL_NAMES, type SignalName, type SignalProcess, type SignalSource } from "./interrupts.ts";
import { openBunLibrary } from "./libc_bun.ts";
import { throwingProcess } from "./signals_bun.ts";
import { openLibcSignals } from "./signals_libc.ts";
import { UvSignals } from "./signals_node.ts";

/** Far more than Deno needs to report a signal, in milliseconds. */
const REPORT_MS = 50;

/** Notices no signal: the event loop handles all of them after the calls. */
class LateSignals implements SignalSource {
  readonly #process: SignalProcess;

  constructor(process: SignalProcess) {
    this.#process = process;
  }

  arm(): boolean {
    return SIGNAL_NAMES.some((name) => this.#process.listenerCount(name) > 0);
  }

  take(): readonly SignalName[] {
    return [];
  }

  report(): void {}

  release(): readonly SignalName[] {
    // Deno reports a signal in the second turn of the event loop after it came, or later: the process stays until then.
    setTimeout(() => {}, REPORT_MS);
    return [];
  }
}

/** The signals of this process; `null` in a thread, since handlers run on the main thread. */
export function processInterrupts(): Interrupts | null {
  if (!builtin("node:worker_threads").isMainThread) return null;
  return processWide("blocking.interrupts", () => {
    const { process } = globalThis as unknown as { readonly process: SignalProcess };
    // Deno's own API may have handlers that this process object does not know of.
    if ("Deno" in globalThis) return byLibc(openDenoLibrary, process, () => true);
    // Bun sets the default action when the last handler is removed, except if the action is not its own.
    const isHandled = (name: SignalName): boolean => process.listenerCount(name) > 0;
    if ("Bun" in globalThis) return byLibc(openBunLibrary, throwingProcess(process), isHandled);
    return new Interrupts(new UvSignals(process), process);
  });
}

function byLibc(
  open: OpenLibrary,
  process: SignalProcess,
  isHandled: (name: SignalName) => boolean,
): Interrupts {
  const source = openLibcSignals((signatures) => openLibcWith(open, signatures), isHandled);
  return new Interrupts(source ?? new LateSignals(process), process);
}
