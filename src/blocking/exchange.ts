// Requests and replies without an event loop: one request at a time, and the events that come in between.

import { DIRECTORY_REPLY_MAX, isFrame } from "../wire/decoder.ts";
import { Encoder, type Part } from "../wire/encoder.ts";
import { decodeHeader, HEADER_SIZE } from "../wire/header.ts";
import { Operation } from "../wire/operations.ts";
import { toLatin1 } from "../wire/text.ts";
import { ConnectionError } from "../transport/errors.ts";
import { REFUSALS } from "../transport/lockstep.ts";
import { codedError, codeOf } from "../wire/system_errors.ts";
import type { BlockingTransport } from "./transport.ts";
import type { Interrupts } from "./interrupts.ts";
import { EventQueue, type RawEvent } from "./event_queue.ts";

/** The result of a request: the payload, which is valid until the next call, or the name of the error. */
export type Answer = Uint8Array | string;

const BUFFER_SIZE = 1 << 16;
/** The longest wait between two checks for signals, in milliseconds. libc ends a wait earlier. */
const SIGNAL_WAIT_MS = 100;

/**
 * A blocking connection to a store. The first failure of its transport ends it for good. The transport stays open until
 * `close()`, so that no other file gets the descriptor that a caller polls.
 */
export class Exchange {
  /** The transport. */
  readonly transport: BlockingTransport;
  readonly #interrupts: Interrupts | null;
  readonly #encoder = new Encoder();
  /** The range [start, end) holds the bytes that were received and not parsed. */
  #buffer = new Uint8Array(BUFFER_SIZE);
  #start = 0;
  #end = 0;
  readonly #events = new EventQueue();
  #requestId = 0;
  #hasWatched = false;
  #isOver = false;
  /** The longest silence of the store during a request, in milliseconds. */
  #silence = Infinity;
  /** Called when {@linkcode isReady} may have changed. */
  onReady: ((isReady: boolean) => void) | null = null;

  /** Takes over a transport, which the caller must not use any more. Handlers of signals run between its calls. */
  constructor(transport: BlockingTransport, interrupts: Interrupts | null = null) {
    this.transport = transport;
    this.#interrupts = interrupts;
  }

  /** Whether the connection has failed, or was closed. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** The number of events that wait. */
  get waiting(): number {
    return this.#events.length;
  }

  /** Whether an event can be taken without waiting, as far as is known here: one waits, or the connection is over. */
  get isReady(): boolean {
    return this.waiting > 0 || this.#isOver;
  }

  /** The oldest event. */
  get next(): RawEvent | null {
    return this.#events.next;
  }

  /** Tells whether an event with this token waits. */
  hasEventOf(token: string): boolean {
    return this.#events.has(token);
  }

  /**
   * Sends a request and waits for the reply. Throws a {@linkcode ConnectionError} if the connection is over: EPIPE if
   * the request could not be sent and nothing was ever watched, otherwise EBADF. Events that came before the end can be
   * taken.
   */
  ask(operation: number, transaction: number, parts: readonly Part[]): Answer {
    // Not during the request: a handler may send requests of its own.
    this.#interrupts?.run(false);
    const id = this.#requestId = (this.#requestId + 1) >>> 0 || 1;
    const length = this.#encoder.message(operation, id, transaction, parts);
    const message = this.#encoder.take();
    if (length > this.transport.traits.payloadMax) return "E2BIG";
    this.#checkOpen();
    if (operation === Operation.WATCH) this.#hasWatched = true;
    try {
      this.transport.send(message);
    } catch (error) {
      // The device rejects a message as a store would in a reply over a socket.
      const code = codeOf(error);
      if (this.transport.traits.shared && code !== undefined && REFUSALS.has(code)) return code;
      this.#receiveRest();
      // From the first watch on libxenstore has a thread that reads, which has noticed the end.
      throw this.#fail(error, this.#hasWatched ? "EBADF" : undefined);
    }
    for (;;) {
      const answer = this.#next();
      if (answer === null) {
        this.#await();
        continue;
      }
      this.#checkAnswer(answer, operation, id);
      this.#queueRest();
      const payload = this.#buffer.subarray(answer.at, answer.at + answer.length);
      if (answer.type !== Operation.ERROR) return payload;
      const end = payload.indexOf(0);
      return toLatin1(end < 0 ? payload : payload.subarray(0, end));
    }
  }

  /** Takes the oldest event, and waits for one as {@linkcode waitForEvent}. Returns `null` if none came. */
  takeEvent(timeout: number): RawEvent | null {
    if (this.waiting === 0) this.waitForEvent(timeout);
    else this.#interrupts?.run(false);
    const event = this.#events.take();
    if (this.waiting === 0) this.onReady?.(this.isReady);
    return event;
  }

  /**
   * Waits until an event can be taken. Returns whether one can: false after the timeout, or after a handler of a signal
   * ran. Throws as {@linkcode ask} does.
   */
  waitForEvent(timeout: number): boolean {
    const deadline = performance.now() + timeout;
    for (let rest = timeout; this.waiting === 0; rest = deadline - performance.now()) {
      // A handler may have let another caller take the events.
      if (this.#interrupts?.run(rest > 0)) return this.waiting > 0;
      this.#checkOpen();
      const unasked = this.#next();
      if (unasked !== null) throw this.#broken(`a reply to no request (type ${unasked.type})`);
      if (this.waiting > 0) break;
      if (rest <= 0 && rest !== timeout) return false;
      if (rest === Infinity || this.transport.canPoll) this.#receive(this.#slice(Math.max(0, rest)));
      else this.#flush(rest);
      if (rest <= 0 && this.#start === this.#end && this.waiting === 0) return false;
    }
    return true;
  }

  /**
   * Runs calls during which the store may be silent for so many milliseconds. After that the connection ends, and the
   * call throws ETIMEDOUT. A transport that cannot poll waits without end.
   */
  within<T>(silence: number, run: () => T): T {
    const before = this.#silence;
    this.#silence = silence;
    try {
      return run();
    } finally {
      this.#silence = before;
    }
  }

  /** Closes the connection. */
  close(): void {
    this.#isOver = true;
    this.transport.close();
  }

  /** Waits for bytes of a reply. */
  #await(): void {
    if (this.#silence === Infinity || !this.transport.canPoll) return void this.#receive(Infinity);
    const deadline = performance.now() + this.#silence;
    // A signal ends a wait early.
    for (let rest = this.#silence; rest > 0; rest = deadline - performance.now()) if (this.#receive(rest) > 0) return;
    throw this.#fail(codedError("ETIMEDOUT", "the store was silent while a watch was removed"), "ETIMEDOUT");
  }

  /** The time to wait at most before the next check for signals. A transport that cannot poll waits to the end. */
  #slice(rest: number): number {
    return this.#interrupts?.isArmed && this.transport.canPoll ? Math.min(rest, SIGNAL_WAIT_MS) : rest;
  }

  /** For a transport that cannot poll: everything that came before a reply is received with the reply. */
  #flush(rest: number): void {
    this.ask(Operation.GET_DOMAIN_PATH, 0, ["0"]);
    if (this.waiting === 0 && rest > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Math.min(rest, 2));
  }

  /** Checks that a reply has the id of the request in flight, which is the only one. */
  #checkAnswer({ type, requestId }: { type: number; requestId: number }, operation: number, id: number): void {
    if (type !== operation && type !== Operation.ERROR) throw this.#broken(`type ${type} in reply to ${operation}`);
    // Kernels before Linux 4.10 answer WATCH and UNWATCH without the request's id.
    const isNameless = requestId === 0 && (type === Operation.WATCH || type === Operation.UNWATCH);
    if (requestId !== id && !isNameless) throw this.#broken(`a reply to request ${requestId}, and not to ${id}`);
  }

  /** Queues the complete events after a reply, whose payload stays in place. */
  #queueRest(): void {
    while (this.#end - this.#start >= HEADER_SIZE) {
      const header = decodeHeader(this.#buffer, this.#start);
      const { type, length } = header;
      const at = this.#start + HEADER_SIZE;
      if (type !== Operation.WATCH_EVENT || !isFrame(header, DIRECTORY_REPLY_MAX) || at + length > this.#end) return;
      this.#start = at + length;
      this.#queue(this.#buffer.subarray(at, at + length));
    }
  }

  /** Returns the next complete message that is not an event, and queues the events before it. */
  #next(): { type: number; requestId: number; at: number; length: number } | null {
    while (this.#end - this.#start >= HEADER_SIZE) {
      const header = decodeHeader(this.#buffer, this.#start);
      const { type, requestId, length } = header;
      if (!isFrame(header, DIRECTORY_REPLY_MAX)) {
        throw this.#broken(`a message of type ${type} announces ${length} bytes`);
      }
      const at = this.#start + HEADER_SIZE;
      if (at + length > this.#end) {
        this.#makeRoom(HEADER_SIZE + length);
        return null;
      }
      this.#start = at + length;
      if (type !== Operation.WATCH_EVENT) return { type, requestId, at, length };
      this.#queue(this.#buffer.subarray(at, at + length));
    }
    return null;
  }

  #queue(payload: Uint8Array): void {
    const [path = "", token = ""] = toLatin1(payload).split("\0", 2);
    this.#events.push({ path, token });
    this.onReady?.(true);
  }

  /** Makes room for a message of `size` bytes from `start`. */
  #makeRoom(size: number): void {
    if (this.#start + size <= this.#buffer.length) return;
    const rest = this.#buffer.subarray(this.#start, this.#end);
    const buffer = size > this.#buffer.length ? new Uint8Array(size) : this.#buffer;
    if (buffer === this.#buffer) buffer.copyWithin(0, this.#start, this.#end);
    else buffer.set(rest);
    this.#buffer = buffer;
    this.#end = rest.length;
    this.#start = 0;
  }

  /** Queues the events that can still be read after the end of the connection. */
  #receiveRest(): void {
    if (!this.transport.canPoll) return;
    try {
      while (this.#fill(0) > 0) {
        while (this.#next() !== null) { /* a reply without a request */ }
      }
    } catch { /* that was all */ }
  }

  #receive(timeout: number): number {
    try {
      return this.#fill(timeout);
    } catch (error) {
      const code = codeOf(error) ?? "EPIPE";
      // libxenstore's error for the end of the stream.
      throw this.#fail(error, code === "EPIPE" ? "EBADF" : code);
    }
  }

  /** Receives bytes after those that are there. Returns their number. */
  #fill(timeout: number): number {
    if (this.#start === this.#end) this.#start = this.#end = 0;
    else if (this.#end === this.#buffer.length) this.#makeRoom(this.#buffer.length);
    const length = this.transport.receive(this.#buffer, this.#end, timeout);
    this.#end += length;
    return length;
  }

  #checkOpen(): void {
    if (this.#isOver) throw new ConnectionError("the connection is over", {}, "EBADF");
  }

  #broken(what: string): ConnectionError {
    this.#setOver();
    return new ConnectionError(`the store sent ${what}`, {}, "EBADF");
  }

  #fail(cause: unknown, code?: string): ConnectionError {
    this.#setOver();
    return new ConnectionError("the connection is over", { cause }, code);
  }

  #setOver(): void {
    this.#isOver = true;
    this.onReady?.(true);
  }
}
