// Notices signals on Node: the pipe by which libuv's handlers tell the event loop of them.

import { builtin } from "../transport/builtin.ts";
import { SIGNAL_NAMES, type SignalName, type SignalProcess, SIGNALS, type SignalSource } from "./interrupts.ts";

/** libuv's message: the address of the watcher, and the number of the signal. The same in Node 20 to 26. */
const MESSAGE = 16;
const NUMBER = 8;
/** Not 0, which is the number of a watcher that was stopped. */
const NO_SIGNAL = -1;
/** The most that is read: that much can be written at one time. */
const ROOM = 4096;
const O_ACCMODE = 3, O_NONBLOCK = 0o4000;
/** The signal by which the pipe is found: its default action is to do nothing. */
const PROBE = { name: "SIGURG", number: 23 } as const;

/** The two ends of a pipe. */
interface Pipe {
  readonly read: number;
  readonly write: number;
}

/**
 * Takes the messages of signals that have handlers. Each is replaced by a message of no signal, for which libuv calls
 * no handler, and which keeps its count of messages right. All other messages are put back.
 */
export class UvSignals implements SignalSource {
  readonly #process: SignalProcess;
  readonly #bytes: Uint8Array = new Uint8Array(ROOM);
  readonly #view: DataView = new DataView(this.#bytes.buffer);
  /** `undefined` before the first search, `null` if this Node has no such pipe. */
  #pipe: Pipe | null | undefined;

  constructor(process: SignalProcess) {
    this.#process = process;
  }

  arm(): boolean {
    if (!SIGNAL_NAMES.some((name) => this.#isHandled(name))) return false;
    if (this.#pipe === undefined) this.#pipe = this.#find();
    return true;
  }

  take(): readonly SignalName[] {
    if (!this.#pipe) return [];
    const numbers = this.#takeFrom(this.#pipe, (number) => {
      const name = SIGNAL_NAMES.find((name) => SIGNALS[name] === number);
      return name !== undefined && this.#isHandled(name);
    });
    return SIGNAL_NAMES.filter((name) => numbers.has(SIGNALS[name]));
  }

  /** The signal lost its handlers after it was taken. */
  report(name: SignalName): void {
    this.#process.kill(this.#process.pid, name);
  }

  /** libuv notes all signals by itself. */
  release(): readonly SignalName[] {
    return [];
  }

  #isHandled(name: SignalName): boolean {
    return this.#process.listenerCount(name) > 0;
  }

  /** Takes the messages of the signals that are wanted. Returns the numbers of these signals. */
  #takeFrom({ read, write }: Pipe, isWanted: (number: number) => boolean): Set<number> {
    const { readSync, writeSync } = builtin("node:fs");
    const numbers = new Set<number>();
    let length = 0;
    try {
      length = readSync(read, this.#bytes, 0, ROOM, null);
    } catch {
      // No message waits.
      return numbers;
    }
    // Anything but whole messages is not libuv's, and is put back as it is.
    for (let at = 0; length % MESSAGE === 0 && at < length; at += MESSAGE) {
      const number = this.#view.getInt32(at + NUMBER, true);
      if (!isWanted(number)) continue;
      numbers.add(number);
      this.#view.setInt32(at + NUMBER, NO_SIGNAL, true);
    }
    writeSync(write, this.#bytes, 0, length);
    return numbers;
  }

  /** Sends a harmless signal to this process, and looks for the pipe that tells of it. */
  #find(): Pipe | null {
    const listener = (): void => {};
    this.#process.on(PROBE.name, listener);
    try {
      this.#process.kill(this.#process.pid, PROBE.name);
      return ownPipes().find((pipe) => this.#takeFrom(pipe, (number) => number === PROBE.number).size > 0) ?? null;
    } catch {
      return null;
    } finally {
      this.#process.off(PROBE.name, listener);
    }
  }
}

/** The pipes of which this process has both ends, and whose ends do not wait, as those of event loops. */
function ownPipes(): Pipe[] {
  const { readdirSync, readFileSync, readlinkSync } = builtin("node:fs");
  const ends = new Map<string, { read?: number; write?: number }>();
  for (const name of readdirSync("/proc/self/fd")) {
    try {
      const target = readlinkSync(`/proc/self/fd/${name}`);
      if (!target.startsWith("pipe:")) continue;
      const [, octal = "0"] = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${name}`, "latin1")) ?? [];
      const flags = Number.parseInt(octal, 8);
      if ((flags & O_NONBLOCK) === 0) continue;
      const pipe = ends.get(target) ?? {};
      ends.set(target, { ...pipe, [(flags & O_ACCMODE) === 0 ? "read" : "write"]: Number(name) });
    } catch {
      // The descriptor of the directory is closed by now.
    }
  }
  return [...ends.values()].flatMap(({ read, write }) =>
    read === undefined || write === undefined ? [] : { read, write }
  );
}
