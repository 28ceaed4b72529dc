// The memory that a blocking handle and its worker share: a ring of what was received, and the connection's state.

import { HEADER_SIZE, PAYLOAD_MAX } from "../wire/header.ts";

const RING_SIZE = 1 << 18;
const ERROR_SIZE = 1024;
const REQUEST_SIZE = HEADER_SIZE + PAYLOAD_MAX;
const WORDS = 8;
/** The words in front: bytes put in and taken out, both growing; the state; a count that changes with each of them. */
const PUT = 0, TAKEN = 1, STATE = 2, CHANGES = 3, STARVED = 4, ERROR_LENGTH = 5, REQUESTS = 6, REQUEST_LENGTH = 7;

const SIZE = WORDS * 4 + ERROR_SIZE + RING_SIZE + REQUEST_SIZE;

/** What became of the connection. */
export const State = { OPENING: 0, OPEN: 1, ENDED: 2, CLOSED: 3 } as const;

/** One end of the memory: the worker puts, the handle's thread takes. */
export class SharedRing {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #error: Uint8Array;
  readonly #bytes: Uint8Array;
  readonly #request: Uint8Array;

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

  /** Bytes that were put in and not taken out. The counts may wrap around. */
  get length(): number {
    return (Atomics.load(this.#words, PUT) - Atomics.load(this.#words, TAKEN)) | 0;
  }

  /** Hands one message to the worker, which has taken the one before: that was answered. */
  request(message: Uint8Array): void {
    this.#request.set(message);
    Atomics.store(this.#words, REQUEST_LENGTH, message.length);
    Atomics.add(this.#words, REQUESTS, 1);
    Atomics.notify(this.#words, REQUESTS);
  }

  /** The worker's: takes messages until `isClosed()`, without which no event loop would run meanwhile. */
  async serve(take: (message: Uint8Array) => void, isClosed: () => boolean): Promise<void> {
    for (let seen = 0; !isClosed();) {
      const wait = Atomics.waitAsync(this.#words, REQUESTS, seen);
      if (wait.async) await wait.value;
      if (Atomics.load(this.#words, REQUESTS) === seen) continue;
      seen = (seen + 1) | 0;
      take(this.#request.slice(0, Atomics.load(this.#words, REQUEST_LENGTH)));
    }
  }

  /** The worker's: has {@linkcode serve} ask again whether it is closed. */
  interrupt(): void {
    Atomics.notify(this.#words, REQUESTS);
  }

  /** The worker's: puts in as much as fits, and returns how much that was. */
  put(bytes: Uint8Array): number {
    const length = Math.min(bytes.length, RING_SIZE - this.length);
    if (length < bytes.length) Atomics.store(this.#words, STARVED, 1);
    const at = (Atomics.load(this.#words, PUT) >>> 0) % RING_SIZE;
    const first = Math.min(length, RING_SIZE - at);
    this.#bytes.set(bytes.subarray(0, first), at);
    this.#bytes.set(bytes.subarray(first, length), 0);
    Atomics.add(this.#words, PUT, length);
    this.#wake();
    return length;
  }

  /** The worker's: says what became of the connection, with an error's code and text where it ended. */
  setState(state: number, code = "", message = ""): void {
    // Text fits where each of its characters takes three bytes at most.
    const text = new TextEncoder().encode(`${code}\n${message.slice(0, (ERROR_SIZE - code.length - 1) / 3)}`);
    this.#error.set(text);
    Atomics.store(this.#words, ERROR_LENGTH, text.length);
    Atomics.store(this.#words, STATE, state);
    this.#wake();
  }

  /** Takes out as much as is there and fits behind the first `from`; returns how much. */
  take(into: Uint8Array, from: number): number {
    const length = Math.min(this.length, into.length - from);
    const at = (Atomics.load(this.#words, TAKEN) >>> 0) % RING_SIZE;
    const first = Math.min(length, RING_SIZE - at);
    into.set(this.#bytes.subarray(at, at + first), from);
    into.set(this.#bytes.subarray(0, length - first), from + first);
    Atomics.add(this.#words, TAKEN, length);
    return length;
  }

  /** Whether the worker has more than there was room for; asking clears it. */
  wasStarved(): boolean {
    return Atomics.exchange(this.#words, STARVED, 0) === 1;
  }

  /** Waits until `is()`, at most `timeout` milliseconds; returns whether it is so. */
  wait(is: () => boolean, timeout: number): boolean {
    const deadline = performance.now() + timeout;
    for (;;) {
      const changes = Atomics.load(this.#words, CHANGES);
      if (is()) return true;
      const rest = deadline - performance.now();
      if (rest <= 0) return false;
      // A wake-up that comes late ends the next wait, with nothing changed: only the clock says that time is over.
      Atomics.wait(this.#words, CHANGES, changes, rest);
    }
  }

  /** Why the connection ended. */
  get error(): { code: string; message: string } {
    const text = new TextDecoder().decode(this.#error.slice(0, Atomics.load(this.#words, ERROR_LENGTH)));
    const end = text.indexOf("\n");
    return { code: text.slice(0, end), message: text.slice(end + 1) };
  }

  #wake(): void {
    Atomics.add(this.#words, CHANGES, 1);
    Atomics.notify(this.#words, CHANGES);
  }
}
