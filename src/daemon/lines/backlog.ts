// The bytes that a client has not taken yet, because its line is full, and how long the daemon bears that (XSA-326).

import type { Clock } from "../clock.ts";
import type { Line } from "../sockets/line.ts";
import type { Outbox } from "../state/outbox.ts";

/** How much and how long a client may leave unread. */
export interface BacklogLimits {
  /** The largest number of bytes that wait while the line is full. */
  readonly unsentMax: number;
  /** The longest time that the line stays full, in milliseconds. */
  readonly unsentMs: number;
}

/** The line is given this many bytes in one call: a line that drains them shows that its client reads. */
export const PIECE = 65536;
const empty: Uint8Array = new Uint8Array(0);

/** Sends bytes over a line until the line is full, and keeps the rest. */
export class Backlog {
  readonly #outbox: Outbox;
  readonly #line: Line;
  readonly #clock: Clock;
  readonly #limits: BacklogLimits;
  readonly #onStuck: () => void;
  /** A copy of the bytes that wait, or the rest of one. */
  #unsent = empty;
  /** The memory of the latest copy. */
  #copy: ArrayBufferLike = empty.buffer;
  #max: number;
  #fullSince = 0;
  #watchdog: { cancel(): void } | null = null;

  /** Starts empty. Calls `onStuck` when the line has been full for `unsentMs`. */
  constructor(outbox: Outbox, line: Line, clock: Clock, limits: BacklogLimits, onStuck: () => void) {
    this.#outbox = outbox;
    this.#line = line;
    this.#clock = clock;
    this.#limits = limits;
    this.#onStuck = onStuck;
    this.#max = limits.unsentMax;
  }

  /** Whether the line is full. Nothing more is sent until it has drained. */
  get isFull(): boolean {
    return this.#outbox.blocked;
  }

  /** Whether more bytes wait than the limits allow. */
  get isTooLarge(): boolean {
    return this.#outbox.unsent > this.#max;
  }

  /** Sends bytes, and copies those that follow the piece that fills the line. Returns false if the line is full. */
  send(bytes: Uint8Array): boolean {
    for (let at = 0; at < bytes.length; at += PIECE) {
      const piece = bytes.length <= PIECE ? bytes : bytes.subarray(at, at + PIECE);
      if (this.#line.write(piece)) continue;
      this.#keep(this.#owned(bytes.subarray(at + PIECE)));
      this.#fill();
      return false;
    }
    return true;
  }

  /** Notes that the line has drained. Returns the bytes that waited, which are to be sent next. */
  take(): Uint8Array {
    this.#outbox.blocked = false;
    const unsent = this.#unsent;
    this.#keep(empty);
    return unsent;
  }

  /** Applies the usual limit again, after the line has taken all bytes, and frees their memory. */
  restoreLimit(): void {
    this.#max = this.#limits.unsentMax;
    this.#copy = empty.buffer;
  }

  /** Drops the bytes, and stops to measure the time. */
  close(): void {
    this.#watchdog?.cancel();
    this.#keep(empty);
    this.#copy = empty.buffer;
  }

  /**
   * Returns the bytes in memory of the backlog. The rest of a copy is copied again only when it is less than half of
   * its memory: to copy it for every piece that the line takes would cost the square of the bytes.
   */
  #owned(rest: Uint8Array): Uint8Array {
    if (rest.buffer === this.#copy && rest.length * 2 >= rest.buffer.byteLength) return rest;
    const copy = new Uint8Array(rest);
    this.#copy = copy.buffer;
    return copy;
  }

  #keep(unsent: Uint8Array): void {
    this.#unsent = unsent;
    this.#outbox.held = unsent.length;
  }

  #fill(): void {
    this.#outbox.blocked = true;
    // One request caused all of these bytes: the client had no time to read any of them.
    if (this.#unsent.length > this.#max) this.#max = 2 * this.#unsent.length;
    this.#fullSince = this.#clock.now();
    if (this.#watchdog === null) this.#watch(this.#limits.unsentMs);
  }

  /** One timer covers every time that the line fills up before the timer fires: lines often fill up for a moment. */
  #watch(milliseconds: number): void {
    this.#watchdog = this.#clock.after(milliseconds, () => {
      this.#watchdog = null;
      if (!this.isFull) return;
      const left = this.#fullSince + this.#limits.unsentMs - this.#clock.now();
      if (left > 0) this.#watch(left);
      else this.#onStuck();
    });
  }
}
