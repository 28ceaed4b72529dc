// A store by a file descriptor and the file functions that all runtimes have: the XenBus device anywhere, a socket on
// Node.

import { builtin } from "../transport/builtin.ts";
import { PAYLOAD_MAX } from "../wire/header.ts";
import { codedError, codeOf } from "../wire/system_errors.ts";
import { checkNoNul } from "../transport/socket_path.ts";
import { DEVICE_TRAITS, type Traits } from "../transport/transport.ts";
import { after } from "./readiness.ts";
import { type BlockingTransport, spinning } from "./transport.ts";

/** Switches a descriptor between waiting and not waiting. That of the device always waits. */
export interface Mode {
  /** Sets whether reads and writes wait. Returns whether they do. */
  setBlocking(blocking: boolean): void;
  /** Ends the connection. */
  close(): void;
}

/**
 * The pauses between two polls of a socket in milliseconds, if the wait has an end. In a thread every wait has one,
 * since a thread cannot be terminated while it waits in the kernel. The pauses grow, in a thread from the time of a
 * reply.
 */
const PAUSE_MS = { mainThread: { first: 1, longest: 10 }, thread: { first: 0.05, longest: 10 } };

/** Opens the XenBus device at `path`. Throws the system's error. */
export function openDeviceByDescriptor(path: string): BlockingTransport {
  checkNoNul(path);
  const { constants, openSync } = builtin("node:fs");
  const fd = openSync(path, constants.O_RDWR);
  return new DescriptorTransport(fd, DEVICE_TRAITS, 0, null);
}

/** Reads and writes a descriptor. Without a `mode` the descriptor always waits, as that of the device does. */
export class DescriptorTransport implements BlockingTransport {
  readonly kind = "descriptor";
  readonly traits: Traits;
  readonly fd: number;
  readonly canPoll: boolean;
  readonly #fs = builtin("node:fs");
  readonly changed: typeof after = after;
  readonly #isMainThread = builtin("node:worker_threads").isMainThread;
  readonly #mode: Mode | null;
  readonly #spin: number;
  readonly #sleeper = new Int32Array(new SharedArrayBuffer(4));
  #blocking = true;
  #closed = false;

  constructor(fd: number, traits: Traits, spin: number, mode: Mode | null) {
    this.fd = fd;
    this.traits = traits;
    this.canPoll = mode !== null;
    this.#spin = mode === null ? 0 : spin;
    this.#mode = mode;
  }

  send(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;) {
      const sent = this.#attempt(() => this.#fs.writeSync(this.fd, bytes, done));
      // A socket that does not take all bytes immediately takes the rest when it may wait.
      if (sent < bytes.length - done) this.#setBlocking(true);
      done += sent;
    }
  }

  receive(into: Uint8Array, from: number, timeout: number): number {
    // The device returns whole messages, and keeps what does not fit.
    const room = this.traits.shared ? Math.min(into.length - from, PAYLOAD_MAX) : into.length - from;
    const look = (): number => this.#attempt(() => this.#read(into, from, room));
    if (timeout !== Infinity) return this.#lookFor(timeout, look);
    if (this.#spin > 0) {
      this.#setBlocking(false);
      const length = spinning(this.#spin, look);
      if (length > 0) return length;
    }
    if (!this.#isMainThread && this.canPoll) return this.#lookFor(timeout, look);
    this.#setBlocking(true);
    for (;;) {
      const length = look();
      if (length > 0) return length;
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#mode === null) this.#fs.closeSync(this.fd);
    else this.#mode.close();
  }

  #lookFor(timeout: number, look: () => number): number {
    this.#setBlocking(false);
    const deadline = performance.now() + timeout;
    const { first, longest } = this.#isMainThread ? PAUSE_MS.mainThread : PAUSE_MS.thread;
    for (let pause = first;; pause = Math.min(pause * 2, longest)) {
      const length = look();
      const rest = deadline - performance.now();
      if (length > 0 || rest <= 0) return length;
      Atomics.wait(this.#sleeper, 0, 0, Math.min(pause, rest));
    }
  }

  // The length is never 0: a read of 0 bytes would wait forever on the device.
  #read(into: Uint8Array, from: number, room: number): number {
    const length = this.#fs.readSync(this.fd, into, from, room, null);
    if (length === 0) throw codedError("EPIPE", "the store closed the connection");
    return length;
  }

  #setBlocking(blocking: boolean): void {
    if (this.#blocking === blocking) return;
    this.#mode?.setBlocking(blocking);
    this.#blocking = blocking;
  }

  /** Returns the result of the call; 0 if a signal interrupted it, or no byte was there. */
  #attempt(call: () => number): number {
    try {
      return call();
    } catch (error) {
      const code = codeOf(error);
      if (code === "EINTR" || code === "EAGAIN") return 0;
      throw error;
    }
  }
}
