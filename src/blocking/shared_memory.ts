// The memory that a blocking handle and its worker share: a ring of received bytes, and the state of the connection.

import { HEADER_SIZE, PAYLOAD_MAX } from "../wire/header.ts";

const RING_SIZE = 1 << 18;
const ERROR_SIZE = 1024;
const REQUEST_SIZE = HEADER_SIZE + PAYLOAD_MAX;
const WORDS = 8;
/** The words at the start: bytes put and taken, both growing; the state; and a count that changes with each of them. */
const PUT = 0, TAKEN = 1, STATE = 2, CHANGES = 3, STARVED = 4, ERROR_LENGTH = 5, REQUESTS = 6, REQUEST_LENGTH = 7;

/** The longest wait of {@linkcode SharedRing.changed} in milliseconds. */
const SLICE_MS = 1000;

const SIZE = WORDS * 4 + ERROR_SIZE + RING_SIZE + REQUEST_SIZE;

/** The state of the connection. */
export const State = { OPENING: 0, OPEN: 1, ENDED: 2, CLOSED: 3 } as const;

/** One end of the memory: the worker puts bytes, the thread of the handle takes them. */
export class SharedRing {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #error: Uint8Array;
  readonly #bytes: Uint8Array;
  readonly #request: Uint8Array;
  #seen = 0;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(SIZE)) {
    this.memory = memory;
    this.#words = new Int32Array(memory, 0, WORDS);
    this.#error = new Uint8Array(memory, WORDS * 4, ERROR_SIZE);
    this.#bytes = new Uint8Array(memory, WORDS * 4 + ERROR_SIZE, RING_SIZE);
    this.#request = new Uint8Array(memory, WORDS * 4 + ERROR_SIZE + RING_SIZE, REQUEST_SIZE);
  }

  get state(): number {
    return Atomics.load(this.#words, STATE);
  }

  /** The bytes that were put and not taken. The counts may wrap around. */
  get length(): number {
    return (Atomics.load(this.#words, PUT) - Atomics.load(this.#words, TAKEN)) | 0;
  }

  /** Passes one message to the worker, which has taken the previous one: it was answered. */
  request(message: Uint8Array): void {
    this.#request.set(message);
    Atomics.store(this.#words, REQUEST_LENGTH, message.length);
    Atomics.add(this.#words, REQUESTS, 1);
    Atomics.notify(this.#words, REQUESTS);
  }

  /** For the worker: takes messages until `isClosed()`, and lets its event loop run between them. */
  async serve(take: (message: Uint8Array) => void, isClosed: () => boolean): Promise<void> {
    for (let seen = 0; !isClosed();) {
      const wait = Atomics.waitAsync(this.#words, REQUESTS, seen);
      if (wait.async) await wait.value;
      if (Atomics.load(this.#words, REQUESTS) === seen) continue;
      seen = (seen + 1) | 0;
      take(this.#request.slice(0, Atomics.load(this.#words, REQUEST_LENGTH)));
    }
  }

  /** For the worker: makes {@linkcode serve} check again whether it is closed. */
  interrupt(): void {
    Atomics.notify(this.#words, REQUESTS);
  }

  /** For the worker: puts as many bytes as fit. Returns their number. */
  put(bytes: Uint8Array): number {
    const length = Math.min(bytes.length, RING_SIZE - this.length);
    if (length < bytes.length) Atomics.store(this.#words, STARVED, 1);
    const at = (Atomics.load(this.#words, PUT) >>> 0) % RING_SIZE;
    const first = Math.min(length, RING_SIZE - at);
    this.#bytes.set(bytes.subarray(0, first), at);
    this.#bytes.set(bytes.subarray(first, length), 0);
    Atomics.add(this.#words, PUT, length);
    this.wake();
    return length;
  }

  /** For the worker: sets the state of the connection, with the code and the text of an error if it has ended. */
  setState(state: number, code = "", message = ""): void {
    // The text fits if each of its characters takes at most three bytes.
    const text = new TextEncoder().encode(`${code}\n${message.slice(0, (ERROR_SIZE - code.length - 1) / 3)}`);
    this.#error.set(text);
    Atomics.store(this.#words, ERROR_LENGTH, text.length);
    Atomics.store(this.#words, STATE, state);
    this.wake();
  }

  /** Takes as many bytes as are there and fit from index `from` on. Returns their number. */
  take(into: Uint8Array, from: number): number {
    this.#seen = Atomics.load(this.#words, CHANGES);
    const length = Math.min(this.length, into.length - from);
    const at = (Atomics.load(this.#words, TAKEN) >>> 0) % RING_SIZE;
    const first = Math.min(length, RING_SIZE - at);
    into.set(this.#bytes.subarray(at, at + first), from);
    into.set(this.#bytes.subarray(0, length - first), from + first);
    Atomics.add(this.#words, TAKEN, length);
    return length;
  }

  /** Whether the worker has more bytes than there was room for. Reading resets it. */
  wasStarved(): boolean {
    return Atomics.exchange(this.#words, STARVED, 0) === 1;
  }

  /** Waits until `is()`, at most `timeout` milliseconds. Returns whether it is. */
  wait(is: () => boolean, timeout: number): boolean {
    const deadline = performance.now() + timeout;
    for (;;) {
      const changes = Atomics.load(this.#words, CHANGES);
      if (is()) return true;
      const rest = deadline - performance.now();
      if (rest <= 0) return false;
      // A late wake-up ends the next wait with nothing changed: only the clock tells that the time is over.
      Atomics.wait(this.#words, CHANGES, changes, rest);
    }
  }

  /** Resolves at the first change since {@linkcode take}, at most after `milliseconds`. */
  async changed(milliseconds: number): Promise<void> {
    // Waiting for the memory does not keep the process alive.
    const alive = setInterval(() => {}, SLICE_MS);
    try {
      const wait = Atomics.waitAsync(this.#words, CHANGES, this.#seen, Math.min(milliseconds, SLICE_MS));
      if (wait.async) await wait.value;
    } finally {
      clearInterval(alive);
    }
  }

  /** Ends the waits of both threads, which check again. */
  wake(): void {
    Atomics.add(this.#words, CHANGES, 1);
    Atomics.notify(this.#words, CHANGES);
  }

  /** Why the connection ended. */
  get error(): { code: string; message: string } {
    const text = new TextDecoder().decode(this.#error.slice(0, Atomics.load(this.#words, ERROR_LENGTH)));
    const end = text.indexOf("\n");
    return { code: text.slice(0, end), message: text.slice(end + 1) };
  }
}
