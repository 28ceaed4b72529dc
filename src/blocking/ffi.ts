// A store's socket, or the XenBus device, through libc: calls that block, poll or spin.

import { builtin } from "../transport/builtin.ts";
import { PAYLOAD_MAX } from "../wire/header.ts";
import { systemError } from "../transport/errors.ts";
import { codedError } from "../wire/system_errors.ts";
import { checkNoNul } from "../transport/socket_path.ts";
import { DEVICE_TRAITS, SOCKET_TRAITS, type Traits } from "../transport/transport.ts";
import { connectByLibc } from "./connect_libc.ts";
import type { Libc } from "./libc.ts";
import { after } from "./readiness.ts";
import { openSignal } from "./signal.ts";
import { type BlockingTransport, type Signal, spinning } from "./transport.ts";

// The numbers of Linux, the same on every machine that runs Xen.
const O_RDWR_CLOEXEC = 0o2000002;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const POLLIN = 1;
const POLL_ENTRY = 8;
const EINTR = 4, EAGAIN = 11;
/** The longest wait of a thread in the kernel in milliseconds: a thread cannot be terminated during such a wait. */
const THREAD_WAIT_MS = 100;
const utf8 = new TextEncoder();

/** Connects to the Unix socket at `path`. Throws the system's error. */
export function openSocketByLibc(libc: Libc, path: string, spin: number): BlockingTransport {
  return new FfiTransport(libc, connectByLibc(libc, path), SOCKET_TRAITS, spin);
}

/** Opens the XenBus device at `path`. Throws the system's error. */
export function openDeviceByLibc(libc: Libc, path: string, spin: number): BlockingTransport {
  checkNoNul(path);
  const fd = libc.open(utf8.encode(`${path}\0`), O_RDWR_CLOEXEC);
  if (fd < 0) throw systemError(libc.errno(), "open");
  return new FfiTransport(libc, fd, DEVICE_TRAITS, spin);
}

class FfiTransport implements BlockingTransport {
  readonly kind = "ffi";
  readonly traits: Traits;
  readonly fd: number;
  readonly canPoll = true;
  readonly #libc: Libc;
  readonly changed: typeof after = after;
  readonly #isMainThread = builtin("node:worker_threads").isMainThread;
  readonly #spin: number;
  readonly #entry = new Int32Array(POLL_ENTRY / 4);
  readonly #entryBytes = new Uint8Array(this.#entry.buffer);
  readonly #sleeper = new Int32Array(new SharedArrayBuffer(4));
  #room: Uint8Array = new Uint8Array(0);
  #closed = false;

  constructor(libc: Libc, fd: number, traits: Traits, spin: number) {
    this.#libc = libc;
    this.fd = fd;
    this.traits = traits;
    this.#spin = spin;
    this.#entry.set([fd, POLLIN]);
  }

  send(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;) {
      const rest = done === 0 ? bytes : bytes.subarray(done);
      const sent = this.traits.shared
        ? this.#libc.write(this.fd, rest, rest.length)
        : this.#libc.send(this.fd, rest, rest.length, MSG_NOSIGNAL);
      if (sent > 0) done += sent;
      else this.#orThrow("write");
    }
  }

  receive(into: Uint8Array, from: number, timeout: number): number {
    const room = from === 0 ? into : this.#behind(into, from);
    if (timeout === 0) return this.#look(room);
    if (this.#spin > 0) {
      const length = spinning(Math.min(this.#spin, timeout * 1000), () => this.#look(room));
      if (length > 0) return length;
    }
    if (timeout === Infinity) return this.#wait(room);
    return this.#poll(timeout) ? this.#look(room) : 0;
  }

  openSignal(): Signal {
    return openSignal(this.#libc, this.fd);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#libc.close(this.fd);
    this.#libc.release();
  }

  /** The view of the room after the first bytes, which are mostly a header. The view is reused. */
  #behind(into: Uint8Array, from: number): Uint8Array {
    if (this.#room.buffer !== into.buffer || this.#room.byteOffset !== from) this.#room = into.subarray(from);
    return this.#room;
  }

  /** Receives the bytes that are there; returns 0 for none. */
  #look(room: Uint8Array): number {
    if (this.traits.shared) return this.#poll(0) ? this.#wait(room) : 0;
    return this.#taken(this.#libc.recv(this.fd, room, room.length, MSG_DONTWAIT));
  }

  /** Waits in the kernel until bytes are there. The length is never 0: the device would wait forever. */
  #wait(room: Uint8Array): number {
    for (;;) {
      if (!this.#isMainThread && !this.#poll(THREAD_WAIT_MS)) {
        // Bun's optimized code does not notice by itself that the thread is being terminated.
        Atomics.wait(this.#sleeper, 0, 0, 0);
        continue;
      }
      const length = this.traits.shared
        ? this.#libc.read(this.fd, room, Math.min(room.length, PAYLOAD_MAX))
        : this.#libc.recv(this.fd, room, room.length, 0);
      if (this.#taken(length) > 0) return length;
    }
  }

  #taken(length: number): number {
    if (length > 0) return length;
    if (length === 0) throw codedError("EPIPE", "the store closed the connection");
    this.#orThrow("read");
    return 0;
  }

  /** Tells whether bytes or an error are there within `milliseconds`. A signal ends the wait early. */
  #poll(milliseconds: number): boolean {
    return this.#libc.poll(this.#entryBytes, 1, Math.min(Math.ceil(milliseconds), 0x7fffffff)) > 0;
  }

  /** Throws the error of a call, except for a signal, and except if no byte is there yet. */
  #orThrow(call: string): void {
    const errno = this.#libc.errno();
    if (errno !== EINTR && errno !== EAGAIN) throw systemError(errno, call);
  }
}
