// A connection that keeps the event loop from sleeping while a reply is due.

import { afterTurn } from "./builtin.ts";
import { RepliesDue } from "./replies_due.ts";
import type { Receiver, Traits, Transport } from "./transport.ts";

/** How a runtime polls. */
export interface Look {
  /**
   * Looks for bytes, for a few microseconds at most. If they have come, the event loop receives them next.
   *
   * A runtime whose event loop looks in every turn returns false.
   */
  hasCome(): boolean;
  /** Called once, when the connection is closed. */
  close(): void;
}

/** What polling needs of time. */
export interface PollClock {
  /** The time in milliseconds. */
  now(): number;
  /** Calls back when the caller's own turn is over. */
  soon(run: () => void): void;
  /** Calls back after a turn of the event loop, which does not sleep until then. */
  afterTurn(run: () => void): void;
}

/** Opens a connection by a function, and lets it poll for microseconds after each send. */
export type OpenPolled = (
  open: () => Promise<Transport>,
  microseconds: number,
  clock?: PollClock,
) => Promise<Transport>;

const systemClock: PollClock = {
  now: () => performance.now(),
  soon: (run) => queueMicrotask(run),
  afterTurn,
};

/**
 * Passes everything on to a transport. While a reply is due, a callback after each turn of the event loop keeps the
 * loop from sleeping, for at most the given time after the last send. Timers and other connections proceed in these
 * turns.
 *
 * A pending callback would keep the process alive, so a transport that was released by `unref()` does not poll.
 */
export class Polled implements Transport {
  readonly #transport: Transport;
  readonly #milliseconds: number;
  readonly #look: Look;
  readonly #clock: PollClock;
  readonly #due = new RepliesDue();
  #deadline = 0;
  #armed = false;
  #isHeld = true;
  #isOver = false;

  /** Polls for `microseconds` at most after each send. */
  constructor(transport: Transport, microseconds: number, look: Look, clock: PollClock = systemClock) {
    this.#transport = transport;
    this.#milliseconds = microseconds / 1000;
    this.#look = look;
    this.#clock = clock;
  }

  get traits(): Traits {
    return this.#transport.traits;
  }

  start(receiver: Receiver): void {
    this.#transport.start({
      receive: (bytes) => {
        this.#due.received(bytes);
        receiver.receive(bytes);
        this.#arm();
      },
      ended: (cause) => {
        this.#end();
        receiver.ended(cause);
      },
    });
  }

  send(bytes: Uint8Array): void {
    if (!this.#isOver) this.#due.sent(bytes);
    this.#transport.send(bytes);
    this.#deadline = this.#clock.now() + this.#milliseconds;
    this.#arm();
  }

  async close(): Promise<void> {
    this.#end();
    await this.#transport.close();
  }

  ref(): void {
    this.#isHeld = true;
    this.#transport.ref?.();
    this.#arm();
  }

  unref(): void {
    this.#isHeld = false;
    this.#transport.unref?.();
  }

  // The first look does not wait for a turn: on Deno that is worth a sixth of the time of a reply.
  #arm(): void {
    if (this.#armed || this.#due.count === 0 || !this.#isHeld) return;
    this.#armed = true;
    this.#clock.soon(this.#turned);
  }

  readonly #turned = (): void => {
    const isWanted = this.#due.count > 0 && this.#isHeld && this.#clock.now() < this.#deadline;
    this.#armed = isWanted && !this.#look.hasCome();
    if (this.#armed) this.#clock.afterTurn(this.#turned);
  };

  #end(): void {
    this.#due.clear();
    if (!this.#isOver) this.#look.close();
    this.#isOver = true;
  }
}
