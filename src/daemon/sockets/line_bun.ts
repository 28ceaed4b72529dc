// The line of an accepted connection on Bun, over a socket of Bun.listen.

import { Unsent } from "../../wire/unsent.ts";
import type { LineUser } from "./line.ts";
import { type AcceptedLine, ROOM } from "./listening.ts";

/** What of Bun's own API is used here, so that the other runtimes' checkers need none of its types. */
export interface UnixSocket {
  /** What its listener's handlers find there. */
  data: BunLine;
  /** Returns the number of bytes that were taken, which may be a part or none; -1 if the socket is closed. */
  write(bytes: Uint8Array): number;
  pause(): void;
  resume(): void;
  terminate(): void;
  unref(): void;
}

/** A line over a connection. */
export class BunLine implements AcceptedLine {
  readonly #socket: UnixSocket;
  #user: LineUser | null = null;
  #onOver: () => void = () => {};
  #onEnd: () => void = () => {};
  readonly #ended: Promise<void> = new Promise((resolve) => this.#onEnd = resolve);
  #state: "open" | "ending" | "over" = "open";
  #isPaused = false;
  /** What the socket did not take, in order: Bun keeps nothing of it. */
  readonly #waiting = new Unsent();
  #isFull = false;

  /** Takes the connection. */
  constructor(socket: UnixSocket) {
    this.#socket = socket;
  }

  start(user: LineUser, onOver: () => void): void {
    if (this.#state === "over") return onOver();
    this.#user = user;
    this.#onOver = onOver;
  }

  write(bytes: Uint8Array): boolean {
    if (this.#state !== "open") return true;
    const taken = this.#waiting.length > 0 ? 0 : this.#send(bytes);
    if (taken < bytes.length) {
      this.#waiting.push(new Uint8Array(bytes.subarray(taken)));
    }
    this.#isFull ||= this.#waiting.length >= ROOM;
    return !this.#isFull;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#user = null;
    this.#terminate();
  }

  async end(): Promise<void> {
    // The user is not told within the caller's turn.
    await Promise.resolve();
    this.#terminate();
    await this.#ended;
  }

  unref(): void {
    this.#socket.unref();
  }

  /** The socket has received bytes; null: all that its client sends. */
  received(bytes: Uint8Array | null): void {
    if (bytes !== null) this.#user?.receive(bytes);
    else if (this.#waiting.length === 0) this.#terminate();
    // A client that has sent all it wants still receives what was written for it.
    else this.#state = "ending";
  }

  /** The socket has room again. */
  drained(): void {
    this.#sendWaiting();
    if (this.#waiting.length > 0) return;
    if (this.#state === "ending") return this.#terminate();
    if (!this.#isFull) return;
    this.#isFull = false;
    this.#user?.drained();
  }

  /** The socket is closed. */
  over(): void {
    this.#state = "over";
    this.#onEnd();
    this.#onOver();
    this.#user?.closed();
  }

  #terminate(): void {
    if (this.#state === "over") return;
    this.#sendWaiting();
    this.#socket.terminate();
  }

  /** How many bytes the socket took; -1 would mean that it is closed, which its close handler tells. */
  #send(bytes: Uint8Array): number {
    return Math.max(0, this.#socket.write(bytes));
  }

  #sendWaiting(): void {
    this.#waiting.drain((bytes) => this.#send(bytes));
  }
}
