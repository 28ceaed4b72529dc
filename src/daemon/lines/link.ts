// One connection's way through the daemon: bytes in, requests to the responder, replies and events out.

import { afterTurn } from "../../transport/builtin.ts";
import { FrameError } from "../../wire/decoder.ts";
import { Operation } from "../../wire/operations.ts";
import type { Packet } from "../../wire/header.ts";
import type { Clock } from "../clock.ts";
import type { Connection } from "../state/domains.ts";
import type { Line, LineUser } from "../sockets/line.ts";
import { Backlog, type BacklogLimits, PIECE } from "./backlog.ts";
import type { Observer } from "./observer.ts";
import { Requests } from "./requests.ts";
import type { Responder } from "./responder.ts";

/** What the links of one daemon share. */
export interface LinkContext extends BacklogLimits {
  readonly responder: Responder;
  readonly clock: Clock;
  /** Sees each request, and may delay it or answer it otherwise. */
  readonly observer: Observer;
  /** The links whose lines are full. */
  readonly full: Set<Link>;
  /** The links whose outboxes grew large while another link's requests ran. */
  readonly large: Set<Link>;
  /**
   * Persists what was changed. Called before anything is sent; returns false if that failed, and nothing may be sent.
   */
  readonly commit: () => boolean;
  /** Called when a link is over. */
  readonly over: (link: Link) => void;
}

/**
 * Why a link does not run its next request.
 *
 * - `"delay"`: a timer runs, for the rate of a guest's changes or for a fault that was asked for.
 * - `"release"`: the responder says when the connection may go on.
 * - `"turn"`: other clients get a turn of the event loop, to read in or after a guest's commit.
 * - `"drop"`: the daemon ends the connection.
 */
type Obstacle = "delay" | "release" | "turn" | "drop";

const nothing = () => {};

/**
 * Serves a connection over a line. Whatever its client does or omits, the link takes a bounded amount of memory and
 * delays no other client: half a request waits by itself, a request that has to wait makes the line wait, and a client
 * that does not read is not read either, and in the end is disconnected (XSA-326).
 */
export class Link implements LineUser {
  readonly #context: LinkContext;
  readonly #connection: Connection;
  readonly #line: Line;
  readonly #backlog: Backlog;
  readonly #requests = new Requests();
  /** Why the next request does not run; null if it may. A full line is no obstacle of its own: the backlog knows it. */
  #obstacle: Obstacle | null = null;
  #timer: { cancel(): void } | null = null;
  #closed = false;
  #working = false;
  #flushing = false;
  #paused = false;
  /** Whether other clients get a turn before the next request: a commit of a guest may take long. */
  #yields = false;
  /** Whether the next request had its delay. */
  #delayed = false;

  /** Serves the connection from now on. */
  constructor(context: LinkContext, connection: Connection, line: Line) {
    this.#context = context;
    this.#connection = connection;
    this.#line = line;
    this.#backlog = new Backlog(connection.outbox, line, context.clock, context, () => this.end());
    connection.outbox.onMessage = () => this.#soon();
    connection.outbox.onLarge = () => void (this.#working || context.large.add(this));
    connection.onReleased = () => this.#released();
    connection.onDropped = () => this.#drop();
  }

  /** As {@linkcode LineUser.receive}. */
  receive(bytes: Uint8Array): void {
    if (this.#closed) return;
    this.#requests.put(bytes);
    // The line may have had these bytes under way when it was paused.
    if (this.#paused) this.#requests.keep();
    else this.#work();
  }

  /** As {@linkcode LineUser.drained}. */
  drained(): void {
    if (this.#closed || !this.#backlog.isFull) return;
    this.#context.full.delete(this);
    this.#send(this.#backlog.take());
    this.flush();
    if (this.#backlog.isFull) return;
    this.#backlog.restoreLimit();
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

  /** Sends the content of the outbox, unless the line is full. */
  flush(): void {
    const { outbox } = this.#connection;
    if (!this.#closed && !this.#backlog.isFull && outbox.length > 0) this.#send(outbox.take());
  }

  /** Ends the connection if more bytes wait for its client than the limits allow. */
  check(): void {
    if (this.#backlog.isTooLarge) this.end();
  }

  #send(bytes: Uint8Array): void {
    if (!this.#context.commit()) return this.end();
    if (this.#backlog.send(bytes)) return;
    this.#context.full.add(this);
    this.#pause(true);
  }

  /** Runs the requests that have arrived, until there is an obstacle. */
  #work(): void {
    if (this.#closed || this.#working) return;
    this.#working = true;
    this.#yields = false;
    try {
      while (!this.#closed && this.#requests.isReady() && this.#mayGoOn()) this.#serve(this.#requests.take());
    } catch (error) {
      this.flush();
      this.end();
      // A header that announces too long a payload ends the connection without a reply. Anything else is a mistake of
      // the daemon's own.
      if (!(error instanceof FrameError)) throw error;
    } finally {
      this.#working = false;
    }
    this.flush();
    if (this.#closed) return;
    this.#requests.keep();
    this.#pause(this.#obstacle !== null || this.#backlog.isFull);
  }

  #serve(request: Packet): void {
    const { responder, observer, full, large } = this.#context;
    this.#delayed = false;
    this.#yields = request.type === Operation.TRANSACTION_END && !this.#connection.privileged;
    if (observer.isInterested) observer.serve(responder, this.#connection, request, this);
    else responder.handle(this.#connection, request);
    if (large.size > 0) this.#letRead(large);
    if (full.size > 0) { for (const link of full) link.check(); }
  }

  /** Sends what others have waiting. If a line is full, its client gets a turn to read in before more is caused. */
  #letRead(large: Set<Link>): void {
    let isFull = false;
    for (const link of large) {
      link.flush();
      isFull ||= link.#backlog.isFull;
    }
    large.clear();
    if (isFull && this.#obstacle === null) this.#giveTurn();
  }

  #giveTurn(): void {
    this.#obstacle = "turn";
    afterTurn(() => this.#goOn("turn"));
  }

  #mayGoOn(): boolean {
    if (this.#obstacle !== null) return false;
    if (this.#connection.outbox.length >= PIECE) this.flush();
    if (this.#closed || this.#backlog.isFull) return false;
    if (this.#yields) {
      this.#giveTurn();
      return false;
    }
    const { responder, observer, clock } = this.#context;
    let wait = responder.holdOf(this.#connection);
    if (wait === 0 && !this.#delayed) {
      this.#delayed = true;
      wait = observer.delay();
    }
    if (wait === 0) return true;
    if (wait === Infinity) this.#obstacle = "release";
    else {
      this.#obstacle = "delay";
      this.#timer = clock.after(wait, () => this.#goOn("delay"), true);
    }
    return false;
  }

  /** Runs the requests again, after an obstacle is gone. */
  #goOn(obstacle: Obstacle): void {
    if (this.#obstacle !== obstacle) return;
    this.#obstacle = null;
    this.#work();
  }

  // Not immediately: the responder is in the middle of another connection's request.
  #released(): void {
    if (this.#obstacle !== "release") return;
    this.#obstacle = null;
    queueMicrotask(() => this.#work());
  }

  #drop(): void {
    this.#obstacle = "drop";
    queueMicrotask(() => this.end());
  }

  /** Sends what other connections caused, after their turn. */
  #soon(): void {
    if (this.#working || this.#flushing || this.#backlog.isFull) return;
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

  #over(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.cancel();
    const { outbox } = this.#connection;
    outbox.onMessage = nothing;
    outbox.onLarge = nothing;
    this.#connection.onReleased = nothing;
    this.#connection.onDropped = nothing;
    this.#context.full.delete(this);
    this.#context.responder.detach(this.#connection);
    // A client whose requests wait until these events are received need not wait any longer.
    outbox.clear();
    this.#backlog.close();
    this.#context.over(this);
  }
}
