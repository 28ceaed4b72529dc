// One connection's way through the daemon: bytes in, requests to the responder, replies and events out.

import { afterTurn } from "../../transport/builtin.ts";
import { FrameError } from "../../wire/decoder.ts";
import type { Packet } from "../../wire/header.ts";
import type { Clock } from "../clock.ts";
import type { Connection } from "../state/domains.ts";
import type { Line, LineUser } from "../sockets/line.ts";
import type { Responder } from "./responder.ts";
import type { Observer } from "./observer.ts";
import { Requests } from "./requests.ts";

/** What the links of one daemon have in common. */
export interface Common {
  readonly responder: Responder;
  /** What time is taken from. */
  readonly clock: Clock;
  /** How many bytes may wait for a receiver whose line is full. */
  readonly unsentMax: number;
  /** How many milliseconds a line may stay full. */
  readonly unsentMs: number;
  /** Who may see each request, and do something else with it. */
  readonly observer: Observer;
  /** The links whose lines are full. */
  readonly full: Set<Link>;
  /** The links for which much has come together in the course of another one's requests. */
  readonly large: Set<Link>;
  /** Called before anything leaves: false where what was changed could not be kept, so that nobody may be told. */
  readonly commit: () => boolean;
  /** Called when a link is over. */
  readonly over: (link: Link) => void;
}

/** What a line is given at once: how long a receiver takes for it tells whether he receives at all. */
const PIECE = 65536;
const empty: Uint8Array = new Uint8Array(0);
const nothing = () => {};

/**
 * Serves a connection over a line. Whatever its client does or omits, it takes a bounded amount of memory and delays
 * nobody else: half a request waits by itself, a request that has to wait makes the line wait, and a client that does
 * not read is not read either, and in the end is cut (XSA-326).
 */
export class Link implements LineUser {
  readonly #common: Common;
  readonly #connection: Connection;
  readonly #line: Line;
  readonly #requests = new Requests();
  #closed = false;
  /** Whether the daemon wants the connection to end. */
  #dropped = false;
  #working = false;
  #flushing = false;
  #paused = false;
  /** What lets the next request run, where that is a matter of time. */
  #timer: { cancel(): void } | null = null;
  /** Whether the next request runs when the responder says so. */
  #held = false;
  /** Whether the next request met the delay that it is to meet. */
  #delayed = false;
  /** Whether the next request runs after a turn of the event loop. */
  #resting = false;
  /** What was taken from the outbox and not given to the line, which is full. */
  #unsent = empty;
  /** How many bytes may wait. */
  #unsentMax: number;
  #fullSince = 0;
  #watchdog: { cancel(): void } | null = null;

  /** Serves the connection from now on. */
  constructor(common: Common, connection: Connection, line: Line) {
    this.#common = common;
    this.#connection = connection;
    this.#line = line;
    this.#unsentMax = common.unsentMax;
    connection.outbox.onMessage = () => this.#soon();
    connection.outbox.onLarge = () => void (this.#working || common.large.add(this));
    connection.onReleased = () => this.#released();
    connection.onDropped = () => this.#drop();
  }

  /** As {@linkcode LineUser.receive}. */
  receive(bytes: Uint8Array): void {
    if (this.#closed) return;
    this.#requests.put(bytes);
    // A paused line may have had this under way.
    if (this.#paused) this.#requests.keep();
    else this.#work();
  }

  /** As {@linkcode LineUser.drained}. */
  drained(): void {
    const { outbox } = this.#connection;
    if (this.#closed || !outbox.blocked) return;
    outbox.blocked = false;
    this.#common.full.delete(this);
    const unsent = this.#unsent;
    this.#keep(empty);
    this.#send(unsent);
    this.flush();
    if (outbox.blocked) return;
    this.#unsentMax = this.#common.unsentMax;
    this.#work();
  }

  /** As {@linkcode LineUser.closed}. */
  closed(): void {
    this.#over();
  }

  /** Ends the connection and its line. Ending twice is fine. */
  end(): void {
    if (this.#closed) return;
    this.#over();
    this.#line.close();
  }

  /** Gives the line what waits in the outbox, unless it is full. */
  flush(): void {
    const { outbox } = this.#connection;
    if (!this.#closed && !outbox.blocked && outbox.length > 0) this.#send(outbox.take());
  }

  /** Gives the line bytes that were taken from the outbox; those behind what fills it wait. */
  #send(bytes: Uint8Array): void {
    if (!this.#common.commit()) return this.end();
    for (let at = 0; at < bytes.length; at += PIECE) {
      const piece = bytes.length <= PIECE ? bytes : bytes.subarray(at, at + PIECE);
      if (this.#line.write(piece)) continue;
      this.#keep(new Uint8Array(bytes.subarray(at + PIECE)));
      return this.#block();
    }
  }

  #keep(unsent: Uint8Array): void {
    this.#unsent = unsent;
    this.#connection.outbox.held = unsent.length;
  }

  /** Runs the requests that are there, as long as nothing is in their way. */
  #work(): void {
    if (this.#closed || this.#working) return;
    this.#working = true;
    try {
      while (!this.#closed && this.#requests.isReady() && this.#mayGoOn()) this.#serve(this.#requests.take());
    } catch (error) {
      this.flush();
      this.end();
      // What announces too much is not answered, nor is anything behind it. Anything else is a mistake of the daemon's
      // own.
      if (!(error instanceof FrameError)) throw error;
    } finally {
      this.#working = false;
    }
    this.flush();
    if (this.#closed) return;
    this.#requests.keep();
    this.#pause(this.#isHeldUp || this.#connection.outbox.blocked);
  }

  #serve(request: Packet): void {
    const { responder, observer, full, large } = this.#common;
    this.#delayed = false;
    if (observer.isInterested) observer.serve(responder, this.#connection, request, this);
    else responder.handle(this.#connection, request);
    if (large.size > 0) this.#letRead(large);
    if (full.size > 0) { for (const link of full) link.check(); }
  }

  /**
   * Others get what came together for them; where a line is full, its client a turn to read in, before there is more.
   */
  #letRead(large: Set<Link>): void {
    let isFull = false;
    for (const link of large) {
      link.flush();
      isFull ||= link.#connection.outbox.blocked;
    }
    large.clear();
    if (!isFull) return;
    this.#resting = true;
    afterTurn(() => {
      this.#resting = false;
      this.#work();
    });
  }

  /** Ends the connection where more waits for its client than may. */
  check(): void {
    if (this.#connection.outbox.unsent > this.#unsentMax) this.end();
  }

  get #isHeldUp(): boolean {
    return this.#dropped || this.#held || this.#resting || this.#timer !== null;
  }

  #mayGoOn(): boolean {
    const { outbox } = this.#connection;
    if (this.#isHeldUp) return false;
    if (outbox.length >= PIECE) this.flush();
    if (outbox.blocked) return false;
    const { responder, observer } = this.#common;
    let wait = responder.holdOf(this.#connection);
    if (wait === 0 && !this.#delayed) {
      this.#delayed = true;
      wait = observer.delay();
    }
    if (wait === Infinity) this.#held = true;
    else if (wait > 0) this.#wait(wait);
    return wait === 0;
  }

  #wait(milliseconds: number): void {
    this.#timer = this.#common.clock.after(milliseconds, () => {
      this.#timer = null;
      this.#work();
    }, true);
  }

  // Not at once: the responder is in the middle of what another connection asked.
  #released(): void {
    if (!this.#held) return;
    this.#held = false;
    queueMicrotask(() => this.#work());
  }

  #drop(): void {
    this.#dropped = true;
    queueMicrotask(() => this.end());
  }

  /** Sends what others caused once their turn is over. */
  #soon(): void {
    if (this.#working || this.#flushing || this.#connection.outbox.blocked) return;
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      this.flush();
    });
  }

  #pause(wanted: boolean): void {
    if (wanted === this.#paused) return;
    this.#paused = wanted;
    if (wanted) this.#line.pause();
    else this.#line.resume();
  }

  #block(): void {
    const { clock, full } = this.#common;
    this.#connection.outbox.blocked = true;
    // It came at once, so that there was no time to read any of it.
    if (this.#unsent.length > this.#unsentMax) this.#unsentMax = 2 * this.#unsent.length;
    full.add(this);
    this.#fullSince = clock.now();
    if (this.#watchdog === null) this.#watch(this.#common.unsentMs);
    this.#pause(true);
  }

  /** One timer serves all the times that the line is full within its time: lines are often full for a moment. */
  #watch(milliseconds: number): void {
    const { clock, unsentMs } = this.#common;
    this.#watchdog = clock.after(milliseconds, () => {
      this.#watchdog = null;
      if (!this.#connection.outbox.blocked) return;
      const left = this.#fullSince + unsentMs - clock.now();
      if (left > 0) this.#watch(left);
      else this.end();
    });
  }

  #over(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.cancel();
    this.#watchdog?.cancel();
    const { outbox } = this.#connection;
    outbox.onMessage = nothing;
    outbox.onLarge = nothing;
    this.#connection.onReleased = nothing;
    this.#connection.onDropped = nothing;
    this.#common.full.delete(this);
    this.#common.responder.detach(this.#connection);
    // Whose requests wait for these events to be received need not wait any longer.
    outbox.clear();
    this.#keep(empty);
    this.#common.over(this);
  }
}
