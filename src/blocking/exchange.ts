// Requests and replies without an event loop: one request at a time, and the events that come in between.

import { DIRECTORY_REPLY_MAX, isFrame } from "../wire/decoder.ts";
import { Encoder, type Part } from "../wire/encoder.ts";
import { decodeHeader, HEADER_SIZE } from "../wire/header.ts";
import { Operation } from "../wire/operations.ts";
import { toLatin1 } from "../wire/text.ts";
import { ConnectionError } from "../transport/errors.ts";
import { REFUSALS } from "../transport/lockstep.ts";
import { codeOf } from "../wire/system_errors.ts";
import type { BlockingTransport } from "./transport.ts";
import { EventQueue, type RawEvent } from "./event_queue.ts";

/** What a store said to a request: the payload, which holds until the next call, or the name of the error. */
export type Answer = Uint8Array | string;

const BUFFER_SIZE = 1 << 16;

/**
 * A blocking connection to a store. It is over for good with the first failure of its transport, which stays open until
 * `close()`: what others poll must not become the descriptor of something else.
 */
export class Exchange {
  /** The way to the store. */
  readonly transport: BlockingTransport;
  readonly #encoder = new Encoder();
  /** What was received and not looked at is [start, end). */
  #buffer = new Uint8Array(BUFFER_SIZE);
  #start = 0;
  #end = 0;
  readonly #events = new EventQueue();
  #requestId = 0;
  #hasWatched = false;
  #isOver = false;
  /** Called when {@linkcode isReady} may have changed. */
  onReady: ((isReady: boolean) => void) | null = null;

  /** Takes over a transport that nobody else uses. */
  constructor(transport: BlockingTransport) {
    this.transport = transport;
  }

  /** Whether the connection has failed, or was closed. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** How many events wait. */
  get waiting(): number {
    return this.#events.length;
  }

  /** Whether to ask for an event needs no wait, as far as is known here: one waits, or the connection is over. */
  get isReady(): boolean {
    return this.waiting > 0 || this.#isOver;
  }

  /** The oldest event that waits. */
  get next(): RawEvent | null {
    return this.#events.next;
  }

  /** Whether an event that waits has this token. */
  hasEventOf(token: string): boolean {
    return this.#events.has(token);
  }

  /**
   * Sends a request and waits for its answer. Throws a {@linkcode ConnectionError} when the connection is over: EPIPE
   * where the request could not be sent and nothing was ever watched, else EBADF. Events that came before the end can
   * be taken.
   */
  ask(operation: number, transaction: number, parts: readonly Part[]): Answer {
    const id = this.#requestId = (this.#requestId + 1) >>> 0 || 1;
    const length = this.#encoder.message(operation, id, transaction, parts);
    const message = this.#encoder.take();
    if (length > this.transport.traits.payloadMax) return "E2BIG";
    this.#checkOpen();
    if (operation === Operation.WATCH) this.#hasWatched = true;
    try {
      this.transport.send(message);
    } catch (error) {
      // The device says of a message what a socket's store would say in a reply.
      const code = codeOf(error);
      if (this.transport.traits.shared && code !== undefined && REFUSALS.has(code)) return code;
      this.#receiveRest();
      // From the first watch on, libxenstore has a thread that reads, and that has seen the end.
      throw this.#fail(error, this.#hasWatched ? "EBADF" : undefined);
    }
    for (;;) {
      const answer = this.#next();
      if (answer === null) {
        this.#receive(Infinity);
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

  /** Takes the oldest event; waits for one at most `timeout` milliseconds. `null` when the time is over. */
  takeEvent(timeout: number): RawEvent | null {
    if (this.waiting === 0) this.waitForEvent(timeout);
    const event = this.#events.take();
    if (this.waiting === 0) this.onReady?.(this.isReady);
    return event;
  }

  /** Waits until an event can be taken; returns whether one can. Throws as {@linkcode ask} does. */
  waitForEvent(timeout: number): boolean {
    const deadline = performance.now() + timeout;
    for (let rest = timeout; this.waiting === 0; rest = deadline - performance.now()) {
      this.#checkOpen();
      const unasked = this.#next();
      if (unasked !== null) throw this.#broken(`a reply to no request (type ${unasked.type})`);
      if (this.waiting > 0) break;
      if (rest <= 0 && rest !== timeout) return false;
      if (rest === Infinity || this.transport.canPoll) this.#receive(Math.max(0, rest));
      else this.#flush(rest);
      if (rest <= 0 && this.#start === this.#end && this.waiting === 0) return false;
    }
    return true;
  }

  /** Ends the connection. */
  close(): void {
    this.#isOver = true;
    this.transport.close();
  }

  /**
   * For a transport that cannot look without waiting: whatever came before the answer to a question is there with it.
   */
  #flush(rest: number): void {
    this.ask(Operation.GET_DOMAIN_PATH, 0, ["0"]);
    if (this.waiting === 0 && rest > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Math.min(rest, 2));
  }

  /** Demands that a reply is the one that is waited for: nobody else asks here. */
  #checkAnswer({ type, requestId }: { type: number; requestId: number }, operation: number, id: number): void {
    if (type !== operation && type !== Operation.ERROR) throw this.#broken(`type ${type} in reply to ${operation}`);
    // Kernels before Linux 4.10 answer WATCH and UNWATCH without the request's id.
    const isNameless = requestId === 0 && (type === Operation.WATCH || type === Operation.UNWATCH);
    if (requestId !== id && !isNameless) throw this.#broken(`a reply to request ${requestId}, and not to ${id}`);
  }

  /** Queues the events that are here as a whole behind an answer, whose payload stays where it is. */
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

  /** The next message that is no event, of those that are here as a whole; queues the events before it. */
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

  /** Makes a message of `size` bytes fit behind `start`. */
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

  /** Queues the events that are still there to be read behind the end. */
  #receiveRest(): void {
    if (!this.transport.canPoll) return;
    try {
      while (this.#fill(0) > 0) {
        while (this.#next() !== null) { /* an answer that nobody waits for */ }
      }
    } catch { /* that was all */ }
  }

  #receive(timeout: number): void {
    try {
      this.#fill(timeout);
    } catch (error) {
      const code = codeOf(error) ?? "EPIPE";
      // libxenstore's word for the end of what can be read.
      throw this.#fail(error, code === "EPIPE" ? "EBADF" : code);
    }
  }

  /** Receives behind what was; returns how much. */
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
