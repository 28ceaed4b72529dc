// A line within this process: a client's transport on one side, the daemon's line on the other.

import { Pace } from "../../transport/pace.ts";
import { type Receiver, SOCKET_TRAITS, type Traits, type Transport } from "../../transport/transport.ts";
import { withRoom } from "../../wire/growth.ts";
import { codedError } from "../../wire/system_errors.ts";
import type { Line, LineUser, Serve } from "../sockets/line.ts";

/** How many bytes may wait for the client before the line counts as full. */
const ROOM = 65536;
/** The largest number of bytes that the daemon receives in one call. */
const CHUNK = 65536;
const INITIAL_SIZE = 1024;
/** Up to here a loop is faster than a view and a call. */
const SHORT = 64;
const empty: Uint8Array = new Uint8Array(0);

/** Bytes on their way, in two buffers: one is filled while the other one is read. */
class Pile {
  #filling = new Uint8Array(INITIAL_SIZE);
  #reading = new Uint8Array(INITIAL_SIZE);
  #length = 0;

  /** How many bytes there are. */
  get length(): number {
    return this.#length;
  }

  /** Appends a copy. */
  append(bytes: Uint8Array): void {
    const start = this.#length;
    const end = start + bytes.length;
    this.#filling = withRoom(this.#filling, start, end);
    if (bytes.length > SHORT) this.#filling.set(bytes, start);
    else for (let i = 0; i < bytes.length; i++) this.#filling[start + i] = bytes[i] ?? 0;
    this.#length = end;
  }

  /** Takes all of them, in a view that holds until the next time. */
  take(): Uint8Array {
    const taken = this.#filling;
    const length = this.#length;
    this.#filling = this.#reading.length > ROOM ? new Uint8Array(INITIAL_SIZE) : this.#reading;
    this.#reading = taken;
    this.#length = 0;
    return taken.subarray(0, length);
  }

  /** Drops all of them. */
  clear(): void {
    this.#length = 0;
  }
}

/** The client's side. */
class MemoryLine implements Transport {
  readonly traits: Traits;
  readonly #user: LineUser;
  readonly #pace: Pace;
  readonly #requests = new Pile();
  readonly #replies = new Pile();
  readonly #line: Line = {
    write: (bytes) => this.#write(bytes),
    pause: () => void (this.#paused = true),
    resume: () => this.#resume(),
    close: () => this.#cut(),
  };
  #receiver: Receiver | null = null;
  /** What the daemon is receiving, and from where on it has yet to. */
  #chunk = empty;
  #at = 0;
  #paused = false;
  #full = false;
  /** Whether it is open; or the client has closed it, of which the daemon is to be told; or all is over. */
  #state: "open" | "closing" | "over" = "open";
  #toDaemon = false;
  #toClient = false;

  constructor(serve: Serve, pace: Pace, traits: Traits) {
    this.traits = traits;
    this.#pace = pace;
    this.#user = serve(this.#line);
  }

  start(receiver: Receiver): void {
    this.#receiver = receiver;
    this.#replySoon();
  }

  send(bytes: Uint8Array): void {
    if (this.#state !== "open") return;
    this.#requests.append(bytes);
    this.#requestSoon();
  }

  close(): Promise<void> {
    this.#receiver = null;
    this.#replies.clear();
    if (this.#state === "open") {
      this.#state = "closing";
      this.#requestSoon();
    }
    return new Promise((resolve) => this.#pace.soon(resolve));
  }

  #write(bytes: Uint8Array): boolean {
    if (this.#state !== "open") return true;
    this.#replies.append(bytes);
    this.#full = this.#replies.length > ROOM;
    this.#replySoon();
    return !this.#full;
  }

  #resume(): void {
    this.#paused = false;
    this.#requestSoon();
  }

  #cut(): void {
    const wasOpen = this.#state === "open";
    this.#state = "over";
    this.#requests.clear();
    if (wasOpen) this.#replySoon();
  }

  // Never in the caller's own turn: a socket would not call back from within a call either.
  #requestSoon(): void {
    if (this.#toDaemon) return;
    this.#toDaemon = true;
    this.#pace.soon(this.#deliverRequests);
  }

  #replySoon(): void {
    if (this.#toClient || this.#receiver === null) return;
    this.#toClient = true;
    this.#pace.soon(this.#deliverReplies);
  }

  readonly #deliverRequests = (): void => {
    this.#toDaemon = false;
    while (!this.#paused && this.#state !== "over") {
      if (this.#at === this.#chunk.length) {
        if (this.#requests.length === 0) break;
        this.#chunk = this.#requests.take();
        this.#at = 0;
      }
      const start = this.#at;
      this.#at = Math.min(start + CHUNK, this.#chunk.length);
      this.#user.receive(this.#chunk.subarray(start, this.#at));
    }
    // As with a socket, what was sent before is still carried out; but not what the daemon would not take any more.
    if (this.#state !== "closing") return;
    this.#state = "over";
    this.#user.closed();
  };

  readonly #deliverReplies = (): void => {
    this.#toClient = false;
    if (this.#replies.length > 0) this.#receiver?.receive(this.#replies.take());
    if (this.#state === "over") {
      if (this.#replies.length > 0) return this.#replySoon();
      const receiver = this.#receiver;
      this.#receiver = null;
      receiver?.ended(codedError("ECONNRESET", "the store closed the connection"));
    } else if (this.#full && this.#replies.length === 0) {
      this.#full = false;
      this.#user.drained();
    }
  };
}

/**
 * A transport that leads to a daemon of this process: what `serve` makes of the line receives what the client sends.
 * Nothing is delivered in the turn in which it was sent; the lines to one daemon have their `pace` in common. Throws
 * what `serve` throws.
 */
export function memoryLine(serve: Serve, pace: Pace = new Pace(), traits: Traits = SOCKET_TRAITS): Transport {
  return new MemoryLine(serve, pace, traits);
}
